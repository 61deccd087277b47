// What pods use: nobody writes it.
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

std::string sum_of(const PodMetrics& metrics, std::string_view resource) {
    Quantity sum;
    for (const ContainerMetrics& container : metrics.containers)
        if (const Quantity* used = container.usage.get(resource)) sum = sum.plus(*used);
    return sum.text.str();
}

Row render_pod_metrics(const PodMetrics& metrics, int64_t) {
    return {metrics.metadata.name.view(), sum_of(metrics, "cpu"), sum_of(metrics, "memory"), metrics.window.view()};
}

}  // namespace

const KindRules pod_metrics_rules = {
    .row = rendered<PodMetrics, render_pod_metrics>,
};

}  // namespace orilla::api

// What nodes use: nobody writes it.
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

Row render_node_metrics(const NodeMetrics& metrics, int64_t) {
    const Quantity *cpu = metrics.usage.get("cpu"), *memory = metrics.usage.get("memory");
    return {metrics.metadata.name.view(), cpu ? cpu->text.view() : "", memory ? memory->text.view() : "",
            metrics.window.view()};
}

}  // namespace

const KindRules node_metrics_rules = {
    .row = rendered<NodeMetrics, render_node_metrics>,
};

}  // namespace orilla::api

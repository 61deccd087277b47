#include "rest/metrics_api.hpp"

#include <fmt/core.h>

#include "orilla/kinds/codec.hpp"
#include "orilla/objects/usage_meter.hpp"
#include "rest/list_page.hpp"
#include "rest/read.hpp"
#include "rest/selection.hpp"

namespace orilla::apiserver {

namespace {

/// As Go prints it: 15.023s, 1m0.5s.
std::string duration_text(int64_t ms) {
    std::string fraction = ms % 1000 ? fmt::format(".{:03}", ms % 1000) : "";
    while (fraction.ends_with('0')) fraction.pop_back();
    const int64_t seconds = ms / 1000;
    if (seconds < 60) return fmt::format("{}{}s", seconds, fraction);
    return fmt::format("{}m{}{}s", seconds / 60, seconds % 60, fraction);
}

api::Map<api::Quantity> usage_of(const objects::Usage& usage) {
    api::Map<api::Quantity> map;
    map["cpu"] = api::Quantity::parse(fmt::format("{}n", usage.cpu_nanocores)).value();
    map["memory"] = api::Quantity::from_bytes(usage.memory_bytes);
    return map;
}

/// What is told of the object that was measured.
template <class Metrics>
api::Object begin_metrics(const api::ObjectMeta& meta, int64_t now_s) {
    Metrics metrics;
    metrics.metadata.name = meta.name;
    metrics.metadata.namespace_ = meta.namespace_;
    metrics.metadata.labels = meta.labels;
    metrics.metadata.creation_timestamp = api::Time(now_s);
    return api::Object(std::move(metrics));
}

template <class Metrics>
Metrics& put_window(api::Object& object, const objects::UsageWindow& window) {
    auto& metrics = object.as<Metrics>();
    metrics.timestamp = api::Time(window.taken_wall_s);
    metrics.window = api::Str(duration_text(window.window_ms));
    return metrics;
}

void put_usage(api::Object& object, const objects::PodUsage& usage) {
    auto& metrics = put_window<api::PodMetrics>(object, usage);
    for (const auto& container : usage.containers) {
        api::ContainerMetrics one;
        one.name = api::Str(container.name);
        one.usage = usage_of(container.usage);
        metrics.containers.push_back(std::move(one));
    }
}

void put_usage(api::Object& object, const objects::NodeUsage& usage) {
    put_window<api::NodeMetrics>(object, usage).usage = usage_of(usage.usage);
}

/// What a stored object would be in the store.
store::EntryPtr entry_of(const ResourceRequest& request, const api::Object& object) {
    auto entry = std::make_shared<store::Entry>();
    entry->key = {std::string(request.kind.resource), object.meta().namespace_.str(), object.meta().name.str()};
    entry->json = std::make_shared<const std::string>(api::encode(object));
    entry->size = entry->json->size();
    return entry;
}

Result<http::Response> render_metrics(Rest& rest, const ResourceRequest& request, api::Object object) {
    store::EntryPtr entry = entry_of(request, object);
    objects::Stored stored{std::move(entry), std::make_shared<const api::Object>(std::move(object))};
    return render_stored(rest, request, stored, 200);
}

Error no_values(std::string_view resource, const std::string& name) {
    return Error(Code::not_found, fmt::format("{}.metrics.k8s.io \"{}\" not found", resource, name));
}

Result<objects::UsageMeter*> meter_of(Rest& rest) {
    if (rest.usage) return rest.usage;
    return Error(Code::unavailable, "nothing is measured here");
}

/// An object that is selected, and what it is called where it is measured.
struct Selected {
    api::Object metrics;
    std::string name;
};

template <class Metrics, class Measured>
Task<Result<std::vector<Selected>>> select_measured(Rest& rest, const ResourceRequest& request) {
    CO_CHECK(const Selection selection, Selection::parse(request.info.query, request.kind, {}));
    std::vector<Selected> selected;
    const bool by_name = std::is_same_v<Measured, api::Node>;
    for (const store::EntryPtr& entry : rest.store().list(api::kind_of<Measured>().resource, request.info.ns).entries) {
        if (!selection.may_match(entry->key)) continue;
        co_await rest.loop.breathe();
        const auto object = rest.objects.decode(api::kind_of<Measured>(), entry);
        if (!object) continue;
        const api::ObjectMeta& meta = (*object)->meta();
        api::Object metrics = begin_metrics<Metrics>(meta, rest.now_s());
        if (selection.matches(metrics)) selected.push_back({std::move(metrics), (by_name ? meta.name : meta.uid).str()});
    }
    co_return selected;
}

Task<Result<http::Response>> render_list(Rest& rest, const ResourceRequest& request, std::vector<store::EntryPtr> entries) {
    ListPage page;
    page.listing.entries = std::move(entries);
    CO_RETURN_AWAIT(render_page(rest, request, std::move(page)));
}

}  // namespace

Task<Result<http::Response>> get_node_metrics(Rest& rest, const ResourceRequest& request) {
    CO_CHECK(objects::UsageMeter* const meter, meter_of(rest));
    const std::string name = request.info.name;
    const auto node = rest.objects.get<api::Node>(name);
    if (!node) co_return store::not_found_error({"nodes", "", name});
    AWAIT(const auto usage, meter->node(name));
    if (!usage) co_return no_values("nodemetrics", name);
    api::Object object = begin_metrics<api::NodeMetrics>(node->metadata, rest.now_s());
    put_usage(object, *usage);
    co_return render_metrics(rest, request, std::move(object));
}

Task<Result<http::Response>> list_node_metrics(Rest& rest, const ResourceRequest& request) {
    CO_CHECK(objects::UsageMeter* const meter, meter_of(rest));
    AWAIT(auto selected, (select_measured<api::NodeMetrics, api::Node>(rest, request)));
    if (!selected) co_return std::move(selected).error();
    std::vector<store::EntryPtr> entries;
    for (Selected& one : *selected) {
        AWAIT(const auto usage, meter->node(one.name));
        if (!usage) continue;
        put_usage(one.metrics, *usage);
        entries.push_back(entry_of(request, one.metrics));
    }
    CO_RETURN_AWAIT(render_list(rest, request, std::move(entries)));
}

Task<Result<http::Response>> get_pod_metrics(Rest& rest, const ResourceRequest& request) {
    CO_CHECK(objects::UsageMeter* const meter, meter_of(rest));
    const std::string ns = request.info.ns, name = request.info.name;
    const auto pod = rest.objects.get<api::Pod>(ns, name);
    if (!pod) co_return store::not_found_error({"pods", ns, name});
    std::vector<std::string> uids(1, pod->metadata.uid.str());
    AWAIT(const auto usage, meter->pods(std::move(uids)));
    if (!usage[0]) co_return no_values("podmetrics", ns + "/" + name);
    api::Object object = begin_metrics<api::PodMetrics>(pod->metadata, rest.now_s());
    put_usage(object, *usage[0]);
    co_return render_metrics(rest, request, std::move(object));
}

Task<Result<http::Response>> list_pod_metrics(Rest& rest, const ResourceRequest& request) {
    CO_CHECK(objects::UsageMeter* const meter, meter_of(rest));
    AWAIT(auto selected, (select_measured<api::PodMetrics, api::Pod>(rest, request)));
    if (!selected) co_return std::move(selected).error();
    std::vector<std::string> uids;
    for (const Selected& one : *selected) uids.push_back(one.name);
    AWAIT(const auto usages, meter->pods(std::move(uids)));
    std::vector<store::EntryPtr> entries;
    for (size_t i = 0; i < usages.size(); ++i) {
        if (!usages[i]) continue;
        co_await rest.loop.breathe();
        put_usage((*selected)[i].metrics, *usages[i]);
        entries.push_back(entry_of(request, (*selected)[i].metrics));
    }
    CO_RETURN_AWAIT(render_list(rest, request, std::move(entries)));
}

}  // namespace orilla::apiserver

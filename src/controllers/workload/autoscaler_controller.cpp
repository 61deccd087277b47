#include "workload/autoscaler_controller.hpp"

#include <fmt/core.h>

#include <algorithm>

#include "orilla/kinds/scale.hpp"
#include "orilla/objects/terms.hpp"
#include "orilla/objects/walk.hpp"
#include "owned.hpp"

namespace orilla::controllers {
namespace {

constexpr std::string_view autoscaler_component = "horizontal-pod-autoscaler";
constexpr int autoscalers_at_once_max = 8;  ///< each may wait for a measurement

/// In whatever version, as long as the kind is that.
const api::KindInfo* find_kind(const api::KindRegistry& kinds, const api::CrossVersionObjectReference& ref) {
    const std::string_view version = ref.api_version.empty() ? "v1" : ref.api_version.view();
    if (const auto* kind = kinds.find(version, ref.kind)) return kind;
    const size_t slash = version.find('/');
    const std::string_view group = slash == version.npos ? "" : version.substr(0, slash);
    for (const api::KindInfo& kind : kinds.all())
        if (kind.group == group && kind.kind == ref.kind) return kinds.find(kind.api_version, kind.kind);
    return nullptr;
}

Error no_such_kind(const api::CrossVersionObjectReference& ref) {
    const std::string_view version = ref.api_version.view();
    const size_t slash = version.find('/');
    return Error(Code::not_found, fmt::format("no matches for kind \"{}\" in group \"{}\"", ref.kind.view(),
                                              slash == version.npos ? "" : version.substr(0, slash)));
}

/// It asks for one of certain values, so an index has who fits.
bool names_values(const api::Requirement& one) {
    using Operator = api::Requirement::Operator;
    return one.op == Operator::equals || one.op == Operator::in;
}

/// Nothing of a target that has none, or counts all pods.
std::optional<api::Selector> parse_selector(const Result<AutoscalerTarget>& target) {
    if (!target || target->selector.empty()) return std::nullopt;
    auto parsed = api::Selector::parse(target->selector);
    if (!parsed || parsed->matches_everything()) return std::nullopt;
    return std::move(*parsed);
}

}  // namespace

AutoscalerController::AutoscalerController(const Surroundings& with)
    : Controller(with),
      pods_(with.objects.feed<api::Pod>()),
      meter_(with.options.usage_meter),
      worker_(with.loop, *this, {.name = "horizontalpodautoscaler", .concurrency = autoscalers_at_once_max}) {
    follow<api::HorizontalPodAutoscaler>([this](const objects::FeedEvent& event) {
        const auto *now = event.as<api::HorizontalPodAutoscaler>(), *before = event.before_as<api::HorizontalPodAutoscaler>();
        // Its own status is no news.
        if (!event.is_deleted() && now && before && now->spec == before->spec) return;
        worker_.queue().add(key_of(event.entry->key));
    });
}

loop::Task<Result<AutoscalerTarget>> AutoscalerController::find_target(AutoscalerPtr hpa) {
    const auto& ref = hpa->spec.scale_target_ref;
    const api::KindInfo* kind = find_kind(objects_.kinds(), ref);
    if (!kind) co_return no_such_kind(ref);
    if (kind->scale.replicas.empty() || !kind->namespaced)
        co_return Error(Code::not_found, "the server could not find the requested resource");
    CO_TRY(const objects::Stored stored, objects_.read(*kind, hpa->metadata.namespace_.str(), ref.name.str()));
    CO_CHECK(const api::Scale scale, api::scale_of(*stored.object, ""));
    AutoscalerTarget target{scale.spec.replicas, scale.status.replicas, scale.status.selector.str(), scale.metadata.uid.str()};
    co_return target;
}

/// By the label that fewest have, as far as it asks for values; else all pods are looked at, in portions.
loop::Task<std::vector<std::shared_ptr<const api::Pod>>> AutoscalerController::find_pods(std::string ns,
                                                                                         api::Selector selector) {
    std::vector<std::shared_ptr<const api::Pod>> found;
    const api::Requirement* rarest = nullptr;
    size_t fewest = SIZE_MAX;
    for (const api::Requirement& one : selector.requirements()) {
        if (!names_values(one)) continue;
        size_t count = 0;
        for (const auto& value : one.values) count += pods_.count(objects::labelled(ns, one.key, value));
        if (count >= fewest) continue;
        fewest = count;
        rarest = &one;
    }
    const auto take = [&](std::shared_ptr<const api::Pod> pod) {
        if (pod->metadata.namespace_ == ns && selector.matches(pod->metadata.labels)) found.push_back(std::move(pod));
    };
    if (rarest) {
        for (const auto& value : rarest->values)
            for (auto& pod : pods_.find<api::Pod>(objects::labelled(ns, rarest->key, value))) take(std::move(pod));
        co_return found;
    }
    std::function<void(objects::ObjectPtr)> look = [&take](const objects::ObjectPtr& object) {
        take(std::shared_ptr<const api::Pod>(object, &object->as<api::Pod>()));
    };
    AWAIT_VOID(objects::walk(loop_, objects_, api::kind_of<api::Pod>(), std::move(look)));
    co_return found;
}

loop::Task<std::vector<MeteredPod>> AutoscalerController::measure(std::string ns, api::Selector selector) {
    AWAIT_VOID(pods_.catch_up());
    std::vector<MeteredPod> metered;
    std::vector<std::string> uids;
    AWAIT(auto pods, find_pods(std::move(ns), std::move(selector)));
    for (auto& pod : pods) {
        uids.push_back(pod->metadata.uid.str());
        metered.push_back({std::move(pod), std::nullopt});
    }
    if (!meter_ || uids.empty()) co_return metered;
    AWAIT(auto usages, meter_->pods(std::move(uids)));
    for (size_t i = 0; i < usages.size(); ++i) metered[i].usage = std::move(usages[i]);
    co_return metered;
}

/// Two that count the same pods would pull at them from two sides.
std::vector<std::string> AutoscalerController::find_autoscalers(const std::string& ns,
                                                                const std::vector<MeteredPod>& pods) const {
    std::vector<std::string> found;
    const std::string prefix = key_of(ns, "");
    for (auto at = known_.lower_bound(prefix); at != known_.end() && at->first.starts_with(prefix); ++at) {
        const auto& selector = at->second.selector;
        if (!selector) continue;
        const auto selects = [&selector](const MeteredPod& one) { return selector->matches(one.pod->metadata.labels); };
        if (std::ranges::any_of(pods, selects)) found.push_back(at->first);
    }
    return found;
}

loop::Task<Result<void>> AutoscalerController::rescale(AutoscalerPtr hpa, AutoscalerTarget target, int32_t replicas) {
    const auto& ref = hpa->spec.scale_target_ref;
    const api::KindInfo* kind = find_kind(objects_.kinds(), ref);
    if (!kind) co_return no_such_kind(ref);
    // Not of another one that has the name by now.
    objects::Objects::Change change = [replicas, uid = target.uid](api::Object& object) -> Result<void> {
        TRY(api::Scale scale, api::scale_of(object, ""));
        scale.spec.replicas = replicas;
        scale.metadata.uid = api::Str(uid);
        return api::take_scale(scale, object);
    };
    objects::WriteContext context;
    context.subresource = "scale";
    CO_TRY_VOID(objects_.modify(*kind, hpa->metadata.namespace_.str(), ref.name.str(), std::move(change), objects::Part::main,
                                context));
    co_return ok();
}

loop::Task<Result<loop::Outcome>> AutoscalerController::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    const AutoscalerPtr hpa = objects_.get<api::HorizontalPodAutoscaler>(ns, name);
    if (!hpa || hpa->metadata.deletion_timestamp) {
        known_.erase(key);
        co_return loop::Outcome{};
    }
    AWAIT(auto target, find_target(hpa));
    AutoscalerSeen seen{std::move(target)};
    const auto selector = parse_selector(seen.target);
    known_[key].selector = selector;
    if (selector && needs_metrics(*hpa, *seen.target)) {
        AWAIT(seen.pods, measure(hpa->metadata.namespace_.str(), *selector));
        seen.autoscalers = find_autoscalers(hpa->metadata.namespace_.str(), seen.pods);
    }
    const AutoscalerPtr now = objects_.get<api::HorizontalPodAutoscaler>(hpa->metadata.namespace_, hpa->metadata.name);
    // It was deleted or changed while its pods were measured: its change has queued it.
    if (!now || now->metadata.uid != hpa->metadata.uid || now->spec != hpa->spec) co_return loop::Outcome{0};
    seen.now_ms = loop_.now_ms();
    seen.now_s = loop_.clock().wall_s();
    AutoscalerMemory& memory = known_[key].memory;
    AutoscalerPlan plan = plan_autoscaler(*hpa, seen, memory);
    if (plan.rescale) {
        AWAIT(const auto written, rescale(hpa, *seen.target, *plan.rescale));
        finish_rescale(*hpa, seen, written, plan, memory);
    }
    for (const auto& event : plan.events) events_.record(*hpa, autoscaler_component, event.type, event.reason, event.message);
    CO_TRY_VOID(write_status(objects_, hpa, std::move(plan.status)));
    co_return loop::Outcome{autoscaler_period_ms};
}

}  // namespace orilla::controllers

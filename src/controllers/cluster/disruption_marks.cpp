#include "cluster/disruption_marks.hpp"

#include <algorithm>

#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "owned.hpp"

namespace orilla::controllers {
namespace {
constexpr int64_t mark_s_max = 120;
}

int64_t plan_stale_mark(const api::Pod& pod, int64_t now_s) {
    if (!api::is_active(pod)) return -1;
    const auto* mark = api::find_pod_condition(pod, api::disruption_target_condition);
    if (!mark || mark->status != "True") return -1;
    return std::clamp<int64_t>(mark->last_transition_time.unix_s + mark_s_max - now_s, 0, mark_s_max) * 1000;
}

DisruptionMarks::DisruptionMarks(const Surroundings& with)
    : Controller(with), worker_(with.loop, *this, {.name = "disruption-marks"}) {
    follow<api::Pod>([this](const objects::FeedEvent& event) {
        const auto may_be_stale = [this](const api::Pod* pod) {
            return pod && plan_stale_mark(*pod, loop_.clock().wall_s()) >= 0;
        };
        // One that goes is waited for no more.
        if (may_be_stale(event.before_as<api::Pod>()) || may_be_stale(event.as<api::Pod>()))
            worker_.queue().add(key_of(event.entry->key));
    });
}

loop::Task<Result<loop::Outcome>> DisruptionMarks::reconcile(std::string key) {
    const auto [ns, name] = split_key(key);
    const auto pod = objects_.get<api::Pod>(ns, name);
    if (!pod) co_return loop::Outcome{};
    const int64_t now_s = loop_.clock().wall_s();
    const int64_t left_ms = plan_stale_mark(*pod, now_s);
    if (left_ms != 0) co_return loop::Outcome{left_ms};
    std::function<void(api::Pod&)> take_back = [now_s](api::Pod& edited) {
        if (plan_stale_mark(edited, now_s) != 0) return;
        api::PodCondition& mark = api::ensure_pod_condition(edited, api::disruption_target_condition);
        mark = {};
        mark.type = api::disruption_target_condition;
        mark.status = "False";
        mark.last_transition_time = api::Time(now_s);
    };
    CO_TRY_VOID(edit_status<api::Pod>(objects_, pod, std::move(take_back)));
    co_return loop::Outcome{};
}

}  // namespace orilla::controllers

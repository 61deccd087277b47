#include "gateway/conditions.hpp"

namespace orilla::proxy {

api::List<api::Condition> render_conditions(const std::vector<Verdict>& verdicts, const api::List<api::Condition>& before,
                                            int64_t generation, int64_t now_s) {
    api::List<api::Condition> out;
    for (const Verdict& verdict : verdicts) {
        auto& made = out.emplace_back();
        made.type = api::Str(verdict.type);
        made.status = verdict.is_so ? "True" : "False";
        made.reason = api::Str(verdict.reason);
        made.message = api::Str(verdict.message);
        made.observed_generation = generation;
        made.last_transition_time = api::Time(now_s);
        for (const auto& old : before)
            if (old.type == made.type && old.status == made.status && old.last_transition_time)
                made.last_transition_time = old.last_transition_time;
    }
    return out;
}

}  // namespace orilla::proxy

// A start plan as the daemon thinks of it: steps with their texts and tables, comparable in tests, and their encoding
// into the bytes the supervisor walks. An error that comes back names a step; `describe` turns it into words.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "supervisor/messages.hpp"
#include "supervisor/plan_format.hpp"

namespace orilla::runtime {

using supervisor::StepKind;

struct PlanStep {
    StepKind kind = StepKind::none;
    std::array<uint64_t, 4> number{};
    std::array<std::string, 4> text{};
    uint32_t flags = 0;
    std::string blob{};  ///< its offset becomes number[blob_at]
    int blob_at = -1;
    std::vector<std::string> args{};  ///< of `run`
    std::vector<std::string> env{};
    bool operator==(const PlanStep&) const = default;
};

struct StartPlan {
    std::vector<PlanStep> steps;
    uint32_t flags = 0;
    uint64_t clone_flags = 0;
    std::string id, name, log_path, scratch_dir, into_cgroup;
    uint32_t target = 0;
    int32_t stop_signal = 15;
    bool operator==(const StartPlan&) const = default;
};

/// invalid when it is larger than the supervisor takes.
Result<std::string> encode(const StartPlan& plan);
/// What `encode` made of an exec's plan; corrupt otherwise.
Result<StartPlan> decode(std::string_view bytes);
/// The encoded plan in a sealed memfd.
Result<UniqueFd> write_plan(const StartPlan& plan);
/// "mount /proc", "exec /bin/foo".
std::string describe(const PlanStep& step);
/// "start container web: mount /proc: operation not permitted", from what the supervisor reports.
Error start_error(const StartPlan& plan, const supervisor::StartFailed& failed);
/// The answer to a start by `plan`, or the error that it tells of.
template <class Answer>
Result<Answer> read_start(const StartPlan& plan, const supervisor::Message& message) {
    Answer answer;
    if (supervisor::read_message(message, answer)) return answer;
    supervisor::StartFailed failed;
    if (supervisor::read_message(message, failed)) return start_error(plan, failed);
    return Error(Code::corrupt, "the supervisor's answer makes no sense");
}

}  // namespace orilla::runtime

#include "start_plan.hpp"

#include <catch2/catch.hpp>
#include <cerrno>

using namespace orilla;
using namespace orilla::runtime;

namespace {

StartPlan an_exec() {
    StartPlan plan;
    plan.flags = supervisor::plan_in_target_pid_namespace;
    plan.clone_flags = 0x20000;
    plan.id = "web-0";
    plan.name = "web";
    plan.target = 7;
    plan.stop_signal = 3;
    PlanStep user{StepKind::resolve_user, {1, 2, 3}, {"nginx"}};
    const uint64_t count = 2;
    const uint32_t groups[] = {10, 20};
    user.blob.append(reinterpret_cast<const char*>(&count), sizeof count);
    user.blob.append(reinterpret_cast<const char*>(groups), sizeof groups);
    user.blob_at = 3;
    PlanStep filter{StepKind::set_seccomp, {0, 2}};
    filter.blob = std::string(16, 'f');
    filter.blob_at = 0;
    PlanStep run{StepKind::run};
    run.text[0] = "/bin";
    run.args = {"sh", "", "-c"};
    run.env = {"A=1", "B="};
    run.flags = supervisor::step_add_home;
    plan.steps = {user, filter, run};
    return plan;
}

}  // namespace

TEST_CASE("a plan reads back as it was written") {
    auto bytes = encode(an_exec());
    REQUIRE(bytes);
    auto decoded = decode(*bytes);
    REQUIRE(decoded);
    CHECK(*decoded == an_exec());
}

TEST_CASE("an encoded plan ends with a NUL and its tables are aligned") {
    const std::string bytes = *encode(an_exec());
    CHECK(bytes.back() == '\0');
    const auto* header = reinterpret_cast<const supervisor::PlanHeader*>(bytes.data());
    CHECK(header->bytes == bytes.size());
    REQUIRE(header->step_count == 3);
    CHECK(header->steps[0].number[3] % 8 == 0);
    CHECK(header->steps[1].number[0] % 8 == 0);
    CHECK(header->steps[2].number[0] % 8 == 0);
}

TEST_CASE("a damaged plan is an error, never a crash") {
    const std::string good = *encode(an_exec());
    for (size_t cut = 0; cut < good.size(); cut += 7) CHECK_FALSE(decode(good.substr(0, cut)));
    for (size_t at = 0; at < good.size(); ++at) {
        std::string bad = good;
        bad[at] = static_cast<char>(bad[at] ^ 0xff);
        (void)decode(bad);
    }
}

TEST_CASE("a plan that is too large is refused") {
    StartPlan plan = an_exec();
    plan.steps.back().args = {std::string(supervisor::plan_bytes_max, 'x')};
    auto bytes = encode(plan);
    REQUIRE_FALSE(bytes);
    CHECK(bytes.error().code() == Code::invalid);
    plan.steps.assign(supervisor::plan_steps_max + 1, PlanStep{StepKind::pivot});
    CHECK_FALSE(encode(plan));
}

TEST_CASE("describe: a step reads as what was tried") {
    CHECK(describe(PlanStep{StepKind::attach_plain, {}, {"/proc"}}) == "mount /proc");
    CHECK(describe(PlanStep{StepKind::clone_tree, {}, {"/v", "sub"}}) == "open mount source /v subPath sub");
    CHECK(describe(an_exec().steps.back()) == "exec sh");
}

TEST_CASE("read_start: the answer, or what went wrong in the words of the step") {
    const StartPlan plan = an_exec();
    const auto tell = [&](int step, int error, int no_run) {
        const supervisor::StartFailed failed{step, error, no_run};
        return read_start<supervisor::Started>(plan, supervisor::write_message(failed, 1)).error();
    };
    const supervisor::Started started{7, 4711, 42};
    CHECK(read_start<supervisor::Started>(plan, supervisor::write_message(started, 1))->pid == 4711);
    CHECK(tell(2, ENOENT, 0).code() == Code::not_found);
    CHECK(tell(2, ENOENT, 0).message() == "exec \"sh\": executable file not found in $PATH");
    CHECK(tell(0, ESRCH, 0).message() == "unable to find user nginx: no matching entries in passwd file");
    CHECK(tell(1, EINVAL, 0).message() == "install the seccomp filter: Invalid argument");
    for (const auto& [step, no_run] : {std::pair(-1, 0), std::pair(3, 0), std::pair(0, 1)})
        CHECK(tell(step, ENOSPC, no_run).message() == "start the process: No space left on device");
    CHECK(read_start<supervisor::Started>(plan, supervisor::write_message(supervisor::Done(), 1)).error().code() ==
          Code::corrupt);
}

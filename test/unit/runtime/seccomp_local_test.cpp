#include "seccomp_local.hpp"

#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <cerrno>
#include <filesystem>
#include <fstream>

#include "bpf_support.hpp"

using namespace orilla;
using namespace orilla::runtime;
using orilla::test::allowed;
using orilla::test::ask;
using orilla::test::fails;

namespace {

std::string compiled(const std::string& text, CapabilitySet capabilities = 0) {
    auto filter = compile_seccomp_profile(text, capabilities);
    INFO((filter ? "" : filter.error().message()));
    REQUIRE(filter);
    return filter->program;
}
std::string flaw(const std::string& text) {
    auto filter = compile_seccomp_profile(text, 0);
    REQUIRE_FALSE(filter);
    CHECK(filter.error().code() == Code::invalid);
    return filter.error().message();
}
std::string rule(const std::string& more, const std::string& action = "SCMP_ACT_ERRNO") {
    return R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"names":["socket"],"action":")" + action + "\"," + more + "}]}";
}

}  // namespace

TEST_CASE("a local profile: an allow-list, and what is not on it", "[kernel]") {
    const auto program =
        compiled(R"({"defaultAction":"SCMP_ACT_ERRNO","defaultErrnoRet":38,"architectures":["SCMP_ARCH_X86_64"],
        "syscalls":[{"names":["read","write","no_such_call_anywhere"],"action":"SCMP_ACT_ALLOW"},
                    {"name":"mkdirat","action":"SCMP_ACT_ERRNO","errnoRet":13},
                    {"names":["getpid"],"action":"SCMP_ACT_KILL_PROCESS"},
                    {"names":["getuid"],"action":"SCMP_ACT_LOG"}]})");
    CHECK(ask(program, SYS_read) == allowed);
    CHECK(ask(program, SYS_write) == allowed);
    CHECK(ask(program, SYS_mkdirat) == fails(EACCES));
    CHECK(ask(program, SYS_getpid) == SECCOMP_RET_KILL_PROCESS);
    CHECK(ask(program, SYS_getuid) == SECCOMP_RET_LOG);
    CHECK(ask(program, SYS_socket) == fails(ENOSYS));
}

TEST_CASE("a local profile: without a number an error is EPERM, and a rule like the default is none") {
    const auto program = compiled(R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
        {"names":["read"],"action":"SCMP_ACT_ALLOW"},{"names":["write"],"action":"SCMP_ACT_ERRNO"}]})");
    CHECK(ask(program, SYS_write) == fails(EPERM));
    CHECK(ask(program, SYS_read) == allowed);
}

TEST_CASE("a local profile: arguments are compared, two questions about one are alternatives") {
    const auto one = compiled(rule(R"("args":[{"index":0,"value":38,"op":"SCMP_CMP_GE"}])"));
    CHECK(ask(one, SYS_socket, 38) == fails(EPERM));
    CHECK(ask(one, SYS_socket, 37) == allowed);
    const auto two =
        compiled(rule(R"("args":[{"index":0,"value":16,"op":"SCMP_CMP_EQ"},{"index":0,"value":17,"op":"SCMP_CMP_EQ"}])"));
    CHECK(ask(two, SYS_socket, 16) == fails(EPERM));
    CHECK(ask(two, SYS_socket, 17) == fails(EPERM));
    CHECK(ask(two, SYS_socket, 2) == allowed);
    const auto masked = compiled(rule(R"("args":[{"index":0,"value":2080505856,"valueTwo":0,"op":"SCMP_CMP_MASKED_EQ"}])"));
    CHECK(ask(masked, SYS_socket, 0x11) == fails(EPERM));
    CHECK(ask(masked, SYS_socket, 0x10000000) == allowed);
}

TEST_CASE("a local profile: Docker's conditions, capabilities above all") {
    const std::string text = R"({"defaultAction":"SCMP_ACT_ERRNO","syscalls":[
        {"names":["mount"],"action":"SCMP_ACT_ALLOW","includes":{"caps":["CAP_SYS_ADMIN"]}},
        {"names":["bpf"],"action":"SCMP_ACT_ALLOW","excludes":{"caps":["CAP_SYS_ADMIN"]}},
        {"names":["ptrace"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"4.8"}},
        {"names":["reboot"],"action":"SCMP_ACT_ALLOW","includes":{"minKernel":"999.0"}},
        {"names":["acct"],"action":"SCMP_ACT_ALLOW","includes":{"arches":["s390x"]}},
        {"names":["read"],"action":"SCMP_ACT_ALLOW","args":null,"comment":"","includes":{},"excludes":null}]})";
    const auto without = compiled(text), with = compiled(text, CapabilitySet{1} << CAP_SYS_ADMIN);
    CHECK(ask(without, SYS_mount) == fails(EPERM));
    CHECK(ask(with, SYS_mount) == allowed);
    CHECK(ask(without, SYS_bpf) == allowed);
    CHECK(ask(with, SYS_bpf) == fails(EPERM));
    CHECK(ask(without, SYS_ptrace) == allowed);
    CHECK(ask(without, SYS_reboot) == fails(EPERM));
    CHECK(ask(without, SYS_acct) == fails(EPERM));
    CHECK(ask(without, SYS_read) == allowed);
}

#if defined(__x86_64__)
TEST_CASE("a local profile: programs for processors that it does not name are killed") {
    const std::string rules = R"("defaultAction":"SCMP_ACT_ERRNO","syscalls":[{"names":["read"],"action":"SCMP_ACT_ALLOW"}])";
    CHECK(ask(compiled("{" + rules + "}"), 3, 0, AUDIT_ARCH_I386) == SECCOMP_RET_KILL);
    CHECK(
        ask(compiled(R"({"architectures":["SCMP_ARCH_X86_64","SCMP_ARCH_X86","SCMP_ARCH_X32","SCMP_ARCH_ARM"],)" + rules + "}"),
            3, 0, AUDIT_ARCH_I386) == allowed);
    const std::string map = R"("archMap":[{"architecture":"SCMP_ARCH_X86_64","subArchitectures":["SCMP_ARCH_X86"]}],)";
    CHECK(ask(compiled("{" + map + rules + "}"), 3, 0, AUDIT_ARCH_I386) == allowed);
}
#endif

TEST_CASE("a local profile: flags are handed on, one that needs several threads is none") {
    const std::string text =
        R"({"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_LOG","SECCOMP_FILTER_FLAG_TSYNC"]})";
    CHECK(compile_seccomp_profile(text, 0)->flags == SECCOMP_FILTER_FLAG_LOG);
}

TEST_CASE("a local profile: what is wrong is told with its place") {
    CHECK(flaw("").find("not JSON") == 0);
    CHECK(flaw("[]") == "not a JSON object");
    CHECK(flaw(R"({"syscalls":[]})") == "defaultAction: must say what is done");
    CHECK(flaw(R"({"defaultAction":7})") == "defaultAction: must be a string");
    CHECK(flaw(R"({"defaultAction":"SCMP_ACT_FOO"})") == "defaultAction: \"SCMP_ACT_FOO\" is not an action");
    CHECK(flaw(R"({"defaultAction":"SCMP_ACT_NOTIFY"})") == "defaultAction: SCMP_ACT_NOTIFY is not supported: nobody listens");
    CHECK(flaw(R"({"defaultAction":"SCMP_ACT_ALLOW","listenerPath":"/x"})") ==
          "listenerPath: is not supported: nobody listens");
    CHECK(flaw(R"({"defaultAction":"SCMP_ACT_ALLOW","flags":["SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"]})").find("flags: ") ==
          0);
    CHECK(flaw(R"({"defaultAction":"SCMP_ACT_ALLOW","architectures":["x86"]})") ==
          "architectures: \"x86\" is not an architecture");
    CHECK(flaw(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":{}})") == "syscalls: must be a list");
    CHECK(flaw(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[1]})") == "syscalls[0]: must be an object");
    CHECK(flaw(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_LOG"}]})") ==
          "syscalls[0].names: must name a system call");
    CHECK(flaw(rule(R"("args":[{"index":6,"op":"SCMP_CMP_EQ"}])")) ==
          "syscalls[0].args[0].index: must be a number from 0 to 5");
    CHECK(flaw(rule(R"("args":[{"index":0,"op":"="}])")) == "syscalls[0].args[0].op: \"=\" is not a comparison");
    CHECK(flaw(rule(R"("errnoRet":-1)")) == "syscalls[0].errnoRet: must be a number from 0 to 4095");
    CHECK(flaw(rule(R"("includes":{"caps":["CAP_NONE"]})")) == "syscalls[0].includes.caps: \"CAP_NONE\" is not a capability");
    std::string names;
    for (size_t i = 0; i <= seccomp_names_max; ++i) names += "\"x\",";
    CHECK(flaw(R"({"defaultAction":"SCMP_ACT_ALLOW","syscalls":[{"action":"SCMP_ACT_LOG","names":[)" + names + "\"y\"]}]}") ==
          "syscalls[0].names: more than 8192 system calls");
    CHECK(flaw(std::string(100'000, '[')).find("not JSON") == 0);
}

TEST_CASE("a local profile: a file that is none is told of with its path, and never waited for") {
    const std::string dir = std::filesystem::temp_directory_path() / ("orilla-seccomp-" + std::to_string(getpid()));
    std::filesystem::create_directories(dir);
    const auto told = [&](const std::string& name) {
        const auto loaded = load_seccomp_profile(dir + "/" + name, 0);
        REQUIRE_FALSE(loaded);
        CHECK(loaded.error().code() == Code::invalid);
        const std::string start = "cannot load seccomp profile \"" + dir + "/" + name + "\": ";
        CHECK(loaded.error().message().starts_with(start));
        return loaded.error().message().substr(start.size());
    };
    CHECK(told("none.json") == "No such file or directory");
    CHECK(told("") == "not a file");
    REQUIRE(mkfifo((dir + "/pipe").c_str(), 0600) == 0);
    CHECK(told("pipe") == "not a file");
    std::ofstream(dir + "/large.json") << std::string(seccomp_profile_bytes_max + 1, ' ');
    CHECK(told("large.json").find("512 KiB") != std::string::npos);
    std::ofstream(dir + "/wrong.json") << R"({"defaultAction":"x"})";
    CHECK(told("wrong.json") == "defaultAction: \"x\" is not an action");
    std::ofstream(dir + "/right.json") << R"({"defaultAction":"SCMP_ACT_ALLOW"})";
    CHECK(load_seccomp_profile(dir + "/right.json", 0));
    std::filesystem::remove_all(dir);
}

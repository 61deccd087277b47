#include <linux/sched.h>

#include <catch2/catch.hpp>

#include "container_plan.hpp"

using namespace orilla;
using namespace orilla::runtime;

namespace {

PodSandboxSpec a_pod() {
    PodSandboxSpec spec;
    spec.id = "0a1b-2c";
    spec.hostname = "web";
    spec.network_namespace = "/run/netns/p";
    return spec;
}

ContainerSpec plain_container() {
    ContainerSpec spec;
    spec.id = "web-0";
    spec.layers = {"/layers/top"};
    spec.scratch_dir = "/scratch/web-0";
    spec.args = {"nginx"};
    return spec;
}

std::string refusal(const ContainerSpec& spec) {
    auto checked = check_spec(spec);
    return checked ? "" : checked.error().message();
}

const PlanStep* find_step(const StartPlan& plan, StepKind kind, const std::string& text) {
    for (const auto& step : plan.steps)
        if (step.kind == kind && step.text[0] == text) return &step;
    return nullptr;
}

}  // namespace

TEST_CASE("plan_pod: its own namespaces, name and sysctls") {
    auto spec = a_pod();
    spec.sysctls = {{"net.ipv4.ip_local_port_range", "1024 65535"}};
    const StartPlan plan = plan_pod(spec, {"/cg/procs"});
    CHECK(plan.steps[0].kind == StepKind::join_cgroup);
    REQUIRE(find_step(plan, StepKind::enter_namespace, "/run/netns/p"));
    CHECK(find_step(plan, StepKind::set_host_name, "web"));
    const PlanStep* ports = find_step(plan, StepKind::write_file, "/proc/sys/net/ipv4/ip_unprivileged_port_start");
    REQUIRE(ports);
    CHECK(ports->text[1] == "0");
    CHECK(find_step(plan, StepKind::write_file, "/proc/sys/net/ipv4/ip_local_port_range"));
}

TEST_CASE("plan_pod: the host's network is left as it is") {
    auto spec = a_pod();
    spec.network_namespace.clear();
    spec.hostname.clear();
    spec.host_ipc = true;
    const StartPlan plan = plan_pod(spec, {});
    for (const auto& step : plan.steps) {
        CHECK(step.kind != StepKind::unshare);
        CHECK(step.kind != StepKind::enter_namespace);
        CHECK((step.kind != StepKind::write_file || step.text[0] == "/proc/self/oom_score_adj"));
    }
}

TEST_CASE("plan_pod: sysctl names with slashes are the same ones") {
    auto spec = a_pod();
    spec.sysctls = {
        {"net/ipv4/tcp_syncookies", "1"}, {"net/ipv4/conf/eth0.1/rp_filter", "2"}, {"net.ipv4.conf.eth0/1.forwarding", "3"}};
    REQUIRE(check_spec(spec));
    const StartPlan plan = plan_pod(spec, {});
    CHECK(find_step(plan, StepKind::write_file, "/proc/sys/net/ipv4/tcp_syncookies"));
    CHECK(find_step(plan, StepKind::write_file, "/proc/sys/net/ipv4/conf/eth0.1/rp_filter"));
    CHECK(find_step(plan, StepKind::write_file, "/proc/sys/net/ipv4/conf/eth0.1/forwarding"));
}

TEST_CASE("check_spec: a pod's sysctls must be its own") {
    for (const char* name : {"kernel.panic", "vm.swappiness", "fs.file-max", "net/../kernel/panic", "kernel.shm../x",
                             "kernel/panic", "net.//.kernel.panic", "net./.core", "net..core", "net.", "/net.core", "net.core/",
                             "net", "", "net.ipv4.conf.ETH0.x", "net.-x.y", "net.ipv4 .x"}) {
        auto spec = a_pod();
        spec.sysctls = {{name, "1"}};
        CHECK_FALSE(check_spec(spec));
    }
    auto on_host = a_pod();
    on_host.network_namespace.clear();
    on_host.sysctls = {{"net.core.somaxconn", "1"}};
    CHECK_FALSE(check_spec(on_host));
    CHECK(check_spec(a_pod()));
}

TEST_CASE("check_spec: ids are file names") {
    for (const char* id : {"", "..", "a/b", ".hidden", "a b"}) {
        auto pod = a_pod();
        pod.id = id;
        CHECK_FALSE(check_spec(pod));
        auto container = plain_container();
        container.id = id;
        CHECK_FALSE(check_spec(container));
    }
}

TEST_CASE("check_spec: a container's paths are absolute and clean") {
    CHECK(refusal(plain_container()).empty());
    auto spec = plain_container();
    spec.cwd = "relative";
    CHECK(refusal(spec) == "working directory \"relative\" is not an absolute path");
    spec = plain_container();
    spec.mounts = {{.source = "/v", .destination = "/a/../../etc"}};
    CHECK(refusal(spec) == "mount destination \"/a/../../etc\" is not an absolute path below /");
    spec.mounts = {{.source = "/v", .destination = "/"}};
    CHECK_FALSE(refusal(spec).empty());
    spec.mounts = {{.source = "/v", .destination = "/proc/1"}};
    CHECK(refusal(spec) == "mount destination /proc/1 is inside /proc");
    spec.mounts = {{.source = "/v", .destination = "/processes"}};
    CHECK(refusal(spec).empty());
    spec.mounts = {{.source = "/v", .sub_path = "/abs", .destination = "/d"}};
    CHECK_FALSE(refusal(spec).empty());
    spec.mounts = {{.source = "/v", .sub_path = "a/../../b", .destination = "/d"}};
    CHECK_FALSE(refusal(spec).empty());
}

TEST_CASE("check_spec: a container needs something to run, from something") {
    auto spec = plain_container();
    spec.args.clear();
    CHECK(refusal(spec) == "no command specified");
    spec = plain_container();
    spec.layers.clear();
    CHECK(refusal(spec) == "no image layers");
    spec = plain_container();
    spec.env = {"NOVALUE"};
    CHECK(refusal(spec) == "environment entry \"NOVALUE\" has no =");
    spec = plain_container();
    spec.args = {std::string("a\0b", 3)};
    CHECK_FALSE(refusal(spec).empty());
}

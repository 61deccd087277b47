#include "container_plan.hpp"

#include <linux/mount.h>
#include <linux/sched.h>

#include <algorithm>
#include <catch2/catch.hpp>

#include "user_namespace.hpp"

using namespace orilla::runtime;

namespace {

ContainerSpec a_container() {
    ContainerSpec spec;
    spec.id = "web-0";
    spec.name = "web";
    spec.layers = {"/layers/top", "/layers/base"};
    spec.scratch_dir = "/scratch/web-0";
    spec.args = {"nginx"};
    spec.env = {"PATH=/bin"};
    return spec;
}

StartPlan plan(const ContainerSpec& spec, const PodFacts& pod = {.dir = "/run/pods/p"}, const KernelFacts& kernel = {}) {
    ContainerFacts facts;
    facts.join_files = {"/cg/cpu/cgroup.procs", "/cg/memory/cgroup.procs"};
    facts.seccomp.program = std::string(16, 'f');
    return plan_container(spec, facts, pod, kernel);
}

/// Position of the first step of a kind (with that first text); -1 without one.
int find(const StartPlan& plan, StepKind kind, const std::string& text = "") {
    for (size_t i = 0; i < plan.steps.size(); ++i)
        if (plan.steps[i].kind == kind && (text.empty() || plan.steps[i].text[0] == text)) return static_cast<int>(i);
    return -1;
}

}  // namespace

TEST_CASE("plan_container: cgroups first, exec last") {
    const StartPlan steps = plan(a_container());
    CHECK(steps.steps[0].kind == StepKind::join_cgroup);
    CHECK(steps.steps[1].text[0] == "/cg/memory/cgroup.procs");
    CHECK(steps.steps.back().kind == StepKind::run);
    CHECK(steps.steps.back().args == std::vector<std::string>{"nginx"});
    CHECK(steps.clone_flags == (CLONE_NEWNS | CLONE_NEWPID));
}

TEST_CASE("plan_container: of equal layers the topmost alone is mounted") {
    using namespace std::string_literals;
    auto spec = a_container();
    spec.layers = {"/layers/empty", "/layers/app", "/layers/empty", "/layers/base", "/layers/empty"};
    const StartPlan steps = plan(spec);
    const PlanStep& overlay = steps.steps.at(static_cast<size_t>(find(steps, StepKind::mount_overlay)));
    CHECK(overlay.text[0] == "/layers/empty\0/layers/app\0/layers/base"s);
    CHECK(overlay.number[0] == 3);
}

TEST_CASE("plan_container: the base layer is below the image's, while there is room for one") {
    using namespace std::string_literals;
    ContainerFacts facts;
    facts.base_layer = "/base";
    auto spec = a_container();
    const auto overlay = [&] {
        const StartPlan steps = plan_container(spec, facts, {.dir = "/p"}, {});
        return steps.steps.at(static_cast<size_t>(find(steps, StepKind::mount_overlay)));
    };
    CHECK(overlay().text[0] == "/layers/top\0/layers/base\0/base"s);
    CHECK(overlay().number[0] == 3);
    spec.layers.clear();
    for (int i = 0; i < 128; ++i) spec.layers.push_back("/layers/" + std::to_string(i));
    CHECK(overlay().number[0] == 128);
}

TEST_CASE("plan_container: what is masked is covered after every mount and before the root changes") {
    auto spec = a_container();
    spec.mounts = {{.source = "/volume", .destination = "/data"}};
    const StartPlan steps = plan(spec);
    const int masked = find(steps, StepKind::mask, "/proc/kcore");
    REQUIRE(masked > 0);
    CHECK(find(steps, StepKind::attach, "/data") < masked);
    CHECK(find(steps, StepKind::attach_plain, "/proc") < masked);
    CHECK(masked < find(steps, StepKind::pivot));
}

TEST_CASE("plan_container: rights are dropped in an order that works") {
    const StartPlan steps = plan(a_container());
    CHECK(find(steps, StepKind::pivot) < find(steps, StepKind::set_bounding_set));
    CHECK(find(steps, StepKind::set_bounding_set) < find(steps, StepKind::set_user));
    CHECK(find(steps, StepKind::set_user) < find(steps, StepKind::set_capabilities));
    // The change of ids clears the parent-death signal.
    CHECK(find(steps, StepKind::set_user) < find(steps, StepKind::die_with_parent));
    CHECK(find(steps, StepKind::set_no_new_privs) < find(steps, StepKind::set_seccomp));
    CHECK(find(steps, StepKind::set_seccomp) == static_cast<int>(steps.steps.size()) - 2);
}

TEST_CASE("plan_container: without no_new_privs the filter comes while we may still install one") {
    auto spec = a_container();
    spec.no_new_privs = false;
    const StartPlan steps = plan(spec);
    CHECK(find(steps, StepKind::set_no_new_privs) == -1);
    CHECK(find(steps, StepKind::set_seccomp) < find(steps, StepKind::set_user));
}

TEST_CASE("plan_container: outer mounts come before inner ones, whatever their order in the spec") {
    auto spec = a_container();
    spec.mounts = {{.source = "/a", .destination = "/data/inner/deep"},
                   {.source = "/b", .destination = "/data"},
                   {.source = "/c", .destination = "/data/inner"}};
    const StartPlan steps = plan(spec);
    CHECK(find(steps, StepKind::attach, "/data") < find(steps, StepKind::attach, "/data/inner"));
    CHECK(find(steps, StepKind::attach, "/data/inner") < find(steps, StepKind::attach, "/data/inner/deep"));
}

TEST_CASE("plan_container: a path's depth is that of its parts") {
    auto spec = a_container();
    spec.mounts = {{.source = "/b", .destination = "/data/inner"}, {.source = "/a", .destination = "//data//"}};
    const StartPlan steps = plan(spec);
    REQUIRE(find(steps, StepKind::attach, "/data") > 0);
    CHECK(find(steps, StepKind::attach, "/data") < find(steps, StepKind::attach, "/data/inner"));
}

TEST_CASE("plan_container: what lies in a read-only volume has its mount point made before that is read-only") {
    auto spec = a_container();
    spec.mounts = {{.source = "/b", .sub_path = "part", .destination = "/data/inner", .read_only = true},
                   {.source = "/c", .destination = "/data/inner/deep"},
                   {.source = "/d", .destination = "/database"},
                   {.source = "/a", .destination = "/data", .read_only = true, .recursive_read_only = false}};
    const StartPlan steps = plan(spec);
    const int shown = find(steps, StepKind::clone_tree, "/a");
    REQUIRE(shown > 0);
    CHECK(steps.steps[static_cast<size_t>(shown)].number[2] == 0);
    const PlanStep& point = steps.steps[static_cast<size_t>(shown) + 1];
    CHECK(point.kind == StepKind::make_mount_point);
    CHECK(point.text == std::array<std::string, 4>{"inner", "/b", "part"});
    const PlanStep& closed = steps.steps[static_cast<size_t>(shown) + 2];
    CHECK(closed.kind == StepKind::set_attributes);
    CHECK(closed.number == std::array<uint64_t, 4>{1, MOUNT_ATTR_RDONLY, 0});
    CHECK(find(steps, StepKind::attach, "/data") == shown + 3);
    const int inner = find(steps, StepKind::clone_tree, "/b");
    CHECK(steps.steps[static_cast<size_t>(inner) + 1].text[0] == "deep");
    CHECK(steps.steps[static_cast<size_t>(inner) + 2].number[2] == 1);
}

TEST_CASE("plan_container: each container has copies of the pod's files, unless a volume is there") {
    auto spec = a_container();
    ContainerFacts facts;
    facts.files = {{"hosts", "/p/hosts", "127.0.0.1 localhost\n"}, {"resolv.conf", "/p/resolv.conf", ""}};
    facts.termination_file = "/p/messages/web-0/message";
    spec.termination_message_path = "/etc/message";
    spec.mounts = {{.source = "/a", .destination = "/etc", .read_only = true},
                   {.source = "/r", .destination = "/etc/resolv.conf/"}};
    const StartPlan steps = plan_container(spec, facts, {.dir = "/p"}, {});
    const int staged = find(steps, StepKind::attach_at_path, "/p/stage");
    REQUIRE(staged > 0);
    CHECK(find(steps, StepKind::attach, "/etc") < staged);
    CHECK(steps.steps[static_cast<size_t>(staged) + 2].text[1] == "127.0.0.1 localhost\n");
    CHECK(find(steps, StepKind::clone_tree, "/p/stage/hosts") == staged + 3);
    CHECK(find(steps, StepKind::attach, "/etc/hosts") == staged + 4);
    CHECK(find(steps, StepKind::write_file, "/p/stage/resolv.conf") == -1);
    CHECK(find(steps, StepKind::attach, "/etc/message") > 0);
    for (const char* name : {"hosts", "resolv.conf", "message"}) CHECK(find(steps, StepKind::make_mount_point, name) > 0);
}

TEST_CASE("plan_container: with users of its own a pod sees layers and volumes by their ids") {
    auto spec = a_container();
    spec.mounts = {{.source = "/volume", .destination = "/data", .read_only = true},
                   {.source = "/b", .destination = "/data/in"}};
    ContainerFacts facts;
    facts.base_layer = "/base";
    facts.files = {{"hosts", "/p/hosts", ""}};
    const StartPlan steps = plan_container(spec, facts, {.dir = "/p", .first_id = 0x70000000}, {});
    const int opened = find(steps, StepKind::open_user_namespace, "/p/user");
    REQUIRE(opened > 0);
    CHECK(steps.steps[static_cast<size_t>(opened)].number[1] == 0x70000000);
    CHECK(opened < find(steps, StepKind::map_ids, "/layers"));
    CHECK(find(steps, StepKind::map_ids, "/layers") == find(steps, StepKind::attach_at_path, "/p/layers") - 1);
    const PlanStep& overlay = steps.steps[static_cast<size_t>(find(steps, StepKind::mount_overlay))];
    using namespace std::string_literals;
    CHECK(overlay.text ==
          std::array<std::string, 4>{"/p/layers/top\0/p/layers/base"s, "/p/scratch/upper", "/p/scratch/work", "/p/rootfs"});
    // Mount points are made by who has an id there, so before the mount shows others.
    CHECK(find(steps, StepKind::make_mount_point, "in") < find(steps, StepKind::map_ids, "/volume"));
    CHECK(find(steps, StepKind::map_ids, "/volume") < find(steps, StepKind::attach, "/data"));
    CHECK(find(steps, StepKind::map_ids, "/p/stage/hosts") == -1);
    // All that needs the host's root lies before, all rights that count after.
    const int entered = find(steps, StepKind::enter_user_namespace);
    CHECK(find(steps, StepKind::open_stdio) < entered);
    CHECK(entered < find(steps, StepKind::set_bounding_set));
    CHECK(find(plan(a_container()), StepKind::enter_user_namespace) == -1);
    const StartPlan exec = plan_exec(spec, facts, {.dir = "/p", .first_id = 0x70000000}, {});
    CHECK(find(exec, StepKind::open_user_namespace) < find(exec, StepKind::enter_container));
    CHECK(find(exec, StepKind::enter_user_namespace) < find(exec, StepKind::set_user));
}

TEST_CASE("find_free_ids: the first range that nobody has, none when all are taken") {
    CHECK(find_free_ids({}) == 0x70000000);
    CHECK(find_free_ids({0, 0x70000000, 0x70020000}) == 0x70010000);
    std::set<uint32_t> all;
    for (uint32_t first = pod_ids_first; first < pod_ids_end; first += ids_per_pod) all.insert(first);
    CHECK(find_free_ids(all) == 0);
    all.erase(0x7fff0000);
    CHECK(find_free_ids(all) == 0x7fff0000);
}

TEST_CASE("plan_container: a privileged container has nothing masked") {
    auto spec = a_container();
    spec.privileged = true;
    const StartPlan steps = plan(spec);
    CHECK(find(steps, StepKind::mask) == -1);
    CHECK(find(steps, StepKind::make_read_only) == -1);
}

TEST_CASE("plan_container: namespaces follow the pod") {
    CHECK(plan(a_container(), {.dir = "/p", .host_pid = true}).clone_flags == CLONE_NEWNS);
    const StartPlan shared = plan(a_container(), {.dir = "/p", .share_process_namespace = true});
    CHECK(shared.clone_flags == CLONE_NEWNS);
    CHECK(shared.flags == orilla::supervisor::plan_in_pod_pid_namespace);
    CHECK(find(plan(a_container(), {.dir = "/p", .own_ipc = false}), StepKind::clone_tree, "/dev/shm") > 0);
    CHECK(find(plan(a_container(), {.dir = "/p"}), StepKind::clone_tree, "/p/shm") > 0);
}

TEST_CASE("plan_container: HOME is looked up only when nobody set it") {
    auto spec = a_container();
    CHECK(plan(spec).steps.back().flags == orilla::supervisor::step_add_home);
    spec.env.emplace_back("HOME=/srv");
    CHECK(plan(spec).steps.back().flags == 0);
}

TEST_CASE("plan_container: the search path is the container's, the last one set") {
    auto spec = a_container();
    spec.env = {"PATH=/old", "PATHS=/no", "PATH=/opt/bin"};
    CHECK(plan(spec).steps.back().text[0] == "/opt/bin");
    spec.env.clear();
    CHECK(plan(spec).steps.back().env ==
          std::vector<std::string>{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"});
}

TEST_CASE("plan_container: a volume at the termination message's path wins") {
    auto spec = a_container();
    spec.termination_message_path = "/dev/termination-log";
    ContainerFacts facts;
    facts.termination_file = "/run/pods/p/web-0.message";
    CHECK(find(plan_container(spec, facts, {.dir = "/p"}, {}), StepKind::clone_tree, facts.termination_file) > 0);
    spec.mounts = {{.source = "/volume", .destination = "/dev/termination-log"}};
    CHECK(find(plan_container(spec, facts, {.dir = "/p"}, {}), StepKind::clone_tree, facts.termination_file) == -1);
}

TEST_CASE("plan_exec: the same confinement, inside of the container") {
    ContainerFacts facts;
    facts.join_files = {"/cg/cgroup.procs"};
    facts.seccomp.program = std::string(8, 'f');
    const StartPlan steps = plan_exec(a_container(), facts, {.dir = "/p"}, {});
    CHECK(steps.flags == orilla::supervisor::plan_in_target_pid_namespace);
    CHECK(find(steps, StepKind::join_cgroup) < find(steps, StepKind::enter_container));
    for (StepKind kind : {StepKind::set_bounding_set, StepKind::set_user, StepKind::set_capabilities,
                          StepKind::set_no_new_privs, StepKind::set_seccomp, StepKind::die_with_parent})
        CHECK(find(steps, StepKind::enter_container) < find(steps, kind));
    CHECK(find(steps, StepKind::pivot) == -1);
}

TEST_CASE("plan_container: a volume is read-only with the mounts below it, or itself alone") {
    auto spec = a_container();
    spec.mounts = {{.source = "/all", .destination = "/a", .read_only = true},
                   {.source = "/top", .destination = "/b", .read_only = true, .recursive_read_only = false}};
    const auto steps = plan(spec, {.dir = "/p"});
    const int all = find(steps, StepKind::clone_tree, "/all"), top = find(steps, StepKind::clone_tree, "/top");
    REQUIRE(all >= 0);
    REQUIRE(top >= 0);
    CHECK(steps.steps[static_cast<size_t>(all)].flags == 0);
    CHECK(steps.steps[static_cast<size_t>(top)].flags == orilla::supervisor::step_root_only);
}

TEST_CASE("plan_container: what stays one with the host's mount is opened before the host's are left") {
    auto spec = a_container();
    spec.mounts = {{.source = "/plain", .destination = "/a"},
                   {.source = "/one", .sub_path = "x", .destination = "/b", .propagation = MountPropagation::bidirectional},
                   {.source = "/two", .destination = "/c", .read_only = true, .propagation = MountPropagation::bidirectional}};
    const auto steps = plan(spec, {.dir = "/p"});
    const int one = find(steps, StepKind::keep_shared, "/one"), two = find(steps, StepKind::keep_shared, "/two");
    const int leave = find(steps, StepKind::set_propagation);
    REQUIRE(one >= 0);
    REQUIRE(two >= 0);
    CHECK(one < leave);
    CHECK(two < leave);
    CHECK(steps.steps[static_cast<size_t>(one)].text[1] == "x");
    CHECK(find(steps, StepKind::keep_shared, "/plain") < 0);
    CHECK(find(steps, StepKind::clone_tree, "/one") < 0);
    const auto place = [&](int kept, const char* destination) {
        const PlanStep& take = steps.steps[static_cast<size_t>(find(steps, StepKind::attach, destination)) - 1];
        CHECK(take.kind == StepKind::take_shared);
        CHECK(take.number[3] == steps.steps[static_cast<size_t>(kept)].number[1]);
        return take.number[2];
    };
    CHECK(place(one, "/b") == 0);
    CHECK(place(two, "/c") == MOUNT_ATTR_RDONLY);
    CHECK(steps.steps[static_cast<size_t>(one)].number[1] != steps.steps[static_cast<size_t>(two)].number[1]);
}

TEST_CASE("check_spec: as many shared mounts as there are places for, and a profile with a whole path") {
    auto spec = a_container();
    for (size_t i = 0; i < shared_mounts_max; ++i)
        spec.mounts.push_back(
            {.source = "/v", .destination = "/v" + std::to_string(i), .propagation = MountPropagation::bidirectional});
    CHECK(check_spec(spec));
    spec.mounts.push_back({.source = "/v", .destination = "/w", .propagation = MountPropagation::bidirectional});
    CHECK(check_spec(spec).error().message() == "more than 16 mounts with Bidirectional propagation");
    spec.mounts.clear();
    spec.seccomp = SeccompMode::local;
    for (const char* wrong : {"", "a.json", "/data/../a.json"}) {
        spec.seccomp_profile = wrong;
        CHECK_FALSE(check_spec(spec));
    }
    spec.seccomp_profile = "/data/seccomp/a.json";
    CHECK(check_spec(spec));
}

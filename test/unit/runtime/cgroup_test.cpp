#include "cgroup.hpp"

#include <catch2/catch.hpp>

using namespace orilla::runtime;

TEST_CASE("parse_cgroup_mounts: v1 controllers, joint ones and a bare v2") {
    const auto mounts = parse_cgroup_mounts(
        "22 1 0:20 / / rw - ext4 /dev/vda rw\n"
        "30 22 0:26 / /sys/fs/cgroup/cpu,cpuacct rw,relatime shared:9 - cgroup cgroup rw,cpu,cpuacct\n"
        "31 22 0:27 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd\n"
        "32 22 0:28 / /sys/fs/cgroup/memory rw - cgroup memory rw,memory\n"
        "33 22 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n"
        "nonsense\n");
    REQUIRE(mounts.size() == 3);
    CHECK(mounts[0] == CgroupMount{false, "/sys/fs/cgroup/cpu,cpuacct", "/", {"cpu", "cpuacct"}});
    CHECK(mounts[1] == CgroupMount{false, "/sys/fs/cgroup/memory", "/", {"memory"}});
    CHECK(mounts[2] == CgroupMount{true, "/sys/fs/cgroup/unified", "/", {}});
}

TEST_CASE("cpu_shares and cpu_weight: the kubelet's numbers") {
    CHECK(cpu_shares(0) == 2);
    CHECK(cpu_shares(100) == 102);
    CHECK(cpu_shares(1000) == 1024);
    CHECK(cpu_shares(1'000'000) == 262'144);
    CHECK(cpu_weight(2) == 1);
    CHECK(cpu_weight(1024) == 39);
    CHECK(cpu_weight(262'144) == 10'000);
}

TEST_CASE("plan_v1_writes: limits become files, in the order the kernel wants") {
    CgroupSettings settings;
    settings.resources = {.cpu_request_milli = 250, .cpu_limit_milli = 1500, .memory_limit_bytes = 1 << 20, .pids_max = 9};
    const auto writes = plan_v1_writes(settings);
    REQUIRE(writes.size() == 6);
    CHECK(writes[0] == CgroupWrite{"cpu", "cpu.shares", "256"});
    CHECK(writes[1] == CgroupWrite{"cpu", "cpu.cfs_period_us", "100000"});
    CHECK(writes[2] == CgroupWrite{"cpu", "cpu.cfs_quota_us", "150000"});
    CHECK(writes[3] == CgroupWrite{"memory", "memory.limit_in_bytes", "1048576"});
    // After the plain limit, because it may not be below that.
    CHECK(writes[4] == CgroupWrite{"memory", "memory.memsw.limit_in_bytes", "1048576", true});
    CHECK(writes[5] == CgroupWrite{"pids", "pids.max", "9"});
}

TEST_CASE("plan_v1_writes: no limit, no file") {
    const auto writes = plan_v1_writes({});
    REQUIRE(writes.size() == 1);
    CHECK(writes[0].file == "cpu.shares");
}

TEST_CASE("plan_v1_writes: devices are denied before the listed are allowed") {
    CgroupSettings settings;
    settings.restrict_devices = true;
    settings.devices = {{'c', 1, 3}, {'c', 136, -1}};
    const auto writes = plan_v1_writes(settings);
    REQUIRE(writes.size() == 6);
    CHECK(writes[1] == CgroupWrite{"devices", "devices.deny", "a"});
    CHECK(writes[2].value == "c *:* m");
    CHECK(writes[3].value == "b *:* m");
    CHECK(writes[4].value == "c 1:3 rwm");
    CHECK(writes[5].value == "c 136:* rwm");
}

TEST_CASE("plan_v2_writes: a small limit is rounded up to what the kernel takes") {
    CgroupSettings settings;
    settings.resources = {.cpu_request_milli = 1000, .cpu_limit_milli = 1, .memory_limit_bytes = 4096, .pids_max = 7};
    settings.kill_as_one = true;
    const auto writes = plan_v2_writes(settings);
    REQUIRE(writes.size() == 6);
    CHECK(writes[0] == CgroupWrite{"", "cpu.weight", "39"});
    CHECK(writes[1] == CgroupWrite{"", "cpu.max", "1000 100000"});
    CHECK(writes[2] == CgroupWrite{"", "memory.max", "4096"});
    CHECK(writes[3] == CgroupWrite{"", "memory.swap.max", "0", true});
    CHECK(writes[4] == CgroupWrite{"", "pids.max", "7"});
    CHECK(writes[5] == CgroupWrite{"", "memory.oom.group", "1", true});
}

TEST_CASE("find_counter: finds the whole key only") {
    constexpr const char* events = "oom 3\noom_kill 2\noom_kill_all 9\n";
    CHECK(find_counter(events, "oom_kill") == 2);
    CHECK(find_counter(events, "oom") == 3);
    CHECK(find_counter(events, "kill") == 0);
}

TEST_CASE("plan_v1_update: other limits for what runs, and none where there is none any more") {
    const auto writes = plan_v1_update({.cpu_request_milli = 500, .cpu_limit_milli = 250, .memory_limit_bytes = 4096});
    CHECK(writes == std::vector<CgroupWrite>{{"cpu", "cpu.shares", "512"},
                                             {"cpu", "cpu.cfs_period_us", "100000"},
                                             {"cpu", "cpu.cfs_quota_us", "25000"},
                                             {"memory", "memory.memsw.limit_in_bytes", "4096", true},
                                             {"memory", "memory.limit_in_bytes", "4096"},
                                             {"memory", "memory.memsw.limit_in_bytes", "4096", true}});
    const auto open = plan_v1_update({});
    CHECK(open[2].value == "-1");
    CHECK(open[4].value == "-1");
}

TEST_CASE("plan_v2_update: other limits for what runs, and none where there is none any more") {
    const auto writes = plan_v2_update({.cpu_request_milli = 0, .cpu_limit_milli = 250, .memory_limit_bytes = 4096});
    CHECK(writes == std::vector<CgroupWrite>{{"", "cpu.weight", "1"},
                                             {"", "cpu.max", "25000 100000"},
                                             {"", "memory.max", "4096"},
                                             {"", "memory.swap.max", "0", true}});
    const auto open = plan_v2_update({});
    CHECK(open[1].value == "max 100000");
    CHECK(open[2].value == "max");
}

#include <linux/capability.h>
#include <catch2/catch.hpp>

#include "orilla/runtime/spec.hpp"

using namespace orilla;
using namespace orilla::runtime;

namespace {
constexpr CapabilitySet bit(int capability) { return CapabilitySet{1} << capability; }
}  // namespace

TEST_CASE("plan_capabilities: nothing asked for is the default set") {
    CHECK(*plan_capabilities({}, {}) == default_capabilities());
    CHECK(default_capabilities() == 0xa80425fb);
}

TEST_CASE("plan_capabilities: the hardened set has neither MKNOD nor NET_RAW nor AUDIT_WRITE, unless they are asked for") {
    CHECK(hardened_capabilities() == 0x800405fb);
    CHECK(*plan_capabilities({"NET_RAW"}, {}, hardened_capabilities()) == (hardened_capabilities() | bit(CAP_NET_RAW)));
    CHECK(*plan_capabilities({}, {"ALL"}, hardened_capabilities()) == 0);
}

TEST_CASE("plan_capabilities: adds and drops, with and without CAP_") {
    const auto set = plan_capabilities({"NET_ADMIN", "CAP_SYS_TIME"}, {"CHOWN", "CAP_KILL"});
    REQUIRE(set);
    CHECK(*set == ((default_capabilities() | bit(CAP_NET_ADMIN) | bit(CAP_SYS_TIME)) & ~bit(CAP_CHOWN) & ~bit(CAP_KILL)));
}

TEST_CASE("plan_capabilities: dropping ALL leaves what is added") {
    CHECK(*plan_capabilities({"NET_BIND_SERVICE"}, {"ALL"}) == bit(CAP_NET_BIND_SERVICE));
    CHECK(*plan_capabilities({"ALL"}, {"KILL"}) == (all_capabilities() & ~bit(CAP_KILL)));
}

TEST_CASE("plan_capabilities: case does not count") {
    CHECK(*plan_capabilities({"net_bind_service"}, {"all"}) == bit(CAP_NET_BIND_SERVICE));
    CHECK(*plan_capabilities({"All"}, {"cap_Kill"}) == (all_capabilities() & ~bit(CAP_KILL)));
    CHECK(*plan_capabilities({"cap_sys_time"}, {"cap_all"}) == bit(CAP_SYS_TIME));
}

TEST_CASE("plan_capabilities: of all added and all dropped the drop counts") {
    CHECK(*plan_capabilities({"ALL", "KILL"}, {"ALL"}) == bit(CAP_KILL));
}

TEST_CASE("plan_capabilities: an unknown name is an error") {
    const auto set = plan_capabilities({"FLY"}, {});
    REQUIRE_FALSE(set);
    CHECK(set.error().code() == Code::invalid);
    CHECK(set.error().message() == "unknown capability \"FLY\"");
    CHECK_FALSE(plan_capabilities({}, {"CAP_CAP_KILL"}));
}

TEST_CASE("plan_capabilities: a name that nobody knows, or a number, is refused") {
    for (const char* name : {"", "CAP_", "FLY", "CAP_CAP_KILL", "5", "cap_5", "KILL=ep", "KILL,CHOWN"}) {
        INFO(name);
        const auto set = plan_capabilities({name}, {});
        REQUIRE_FALSE(set);
        CHECK(set.error().message() == "unknown capability \"" + std::string(name) + "\"");
    }
}

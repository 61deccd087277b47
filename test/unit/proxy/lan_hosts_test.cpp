#include "orilla/proxy/lan_hosts.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::proxy;

namespace {
struct CountedSink final : gateway::RouteSink {
    void apply(gateway::Change) override { ++changes; }
    int changes = 0;
};
struct HeldNames final : network::LanNames {
    void serve(std::set<std::string> wanted) override { names = std::move(wanted); }
    void on_conflict(ConflictFn told) override { conflict = std::move(told); }
    std::set<std::string> names;
    ConflictFn conflict;
};
struct LanWorld {
    CountedSink sink;
    HeldNames names;
    LanHosts hosts{sink, names};
    std::vector<gateway::Fault> faults;
    LanWorld() {
        hosts.on_fault([this](const gateway::Fault& fault) { faults.push_back(fault); });
    }
    void route(const std::string& key, const std::vector<std::string>& texts) {
        gateway::Change change;
        change.routes.emplace_back().key = key;
        for (const std::string& text : texts) change.routes.back().hosts.push_back({text});
        hosts.apply(std::move(change));
    }
};
}  // namespace

TEST_CASE("LanHosts: hosts that end in .local are names of the LAN as long as a route or a listener has them") {
    LanWorld w;
    w.route("a", {"shop.local", "shop.example.com", "*.shop.local", "local", ".local"});
    w.route("b", {"shop.local", "blog.local"});
    CHECK(w.names.names == std::set<std::string>{"shop.local", "blog.local"});
    w.route("a", {});
    CHECK(w.names.names == std::set<std::string>{"shop.local", "blog.local"});
    gateway::Change change;
    change.gone_routes = {"b"};
    change.listeners.emplace_back().key = "gateway/one";
    change.listeners.back().host.text = "gate.local";
    w.hosts.apply(std::move(change));
    CHECK(w.names.names == std::set<std::string>{"gate.local"});
    CHECK(w.sink.changes == 4);
    gateway::Change whole;
    whole.is_whole = true;
    w.hosts.apply(std::move(whole));
    CHECK(w.names.names.empty());
}

TEST_CASE("LanHosts: a name that another host has is a fault of all that want it, told once") {
    LanWorld w;
    w.route("a", {"shop.local"});
    w.names.conflict("shop.local", true);
    w.names.conflict("shop.local", true);
    w.names.conflict("nobody.local", true);
    REQUIRE(w.faults.size() == 1);
    CHECK(w.faults[0].about == gateway::Fault::About::route);
    CHECK(w.faults[0].key == "a");
    CHECK(w.faults[0].message == "another host of the LAN has the name shop.local: it is not announced here");
    w.route("b", {"shop.local"});
    REQUIRE(w.faults.size() == 2);
    CHECK(w.faults[1].key == "b");
    w.names.conflict("shop.local", false);
    REQUIRE(w.faults.size() == 4);
    CHECK(w.faults[3].message.empty());
}

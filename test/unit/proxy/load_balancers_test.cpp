#include "orilla/proxy/load_balancers.hpp"

#include <algorithm>
#include <catch2/catch.hpp>
#include <set>

#include "../../support/admitted_world.hpp"
#include "../../support/no_rules.hpp"
#include "load_balancer_plan.hpp"
#include "orilla/kinds/service_facts.hpp"

using namespace orilla;
using namespace orilla::proxy;
using network::AddressPool;

namespace {

const NodePlace this_node{"box", Ipv4{0xc0000202}};

Wish wish(const std::string& owner, std::vector<uint16_t> ports = {80}, const std::string& asked = "") {
    Wish out{owner, asked, {}};
    for (const uint16_t port : ports) out.ports.push_back({network::Protocol::tcp, port});
    return out;
}

std::string chosen(AddressBook& book, const Wish& wish, int64_t now_ms = 0) {
    const auto ip = book.choose(wish, now_ms);
    return ip ? ip->text() : ip.error().message();
}

/// Takes a second for an address; those in `others` are somebody else's.
class FakeLan final : public network::LanAddresses {
  public:
    explicit FakeLan(loop::Loop& loop) : loop_(loop) {}
    loop::Task<Result<void>> take(Ipv4 ip) override {
        auto pause = loop_.sleep_for(1'000);
        co_await pause;
        if (others.contains(ip.text()))
            co_return Error(Code::conflict, ip.text() + " is in use on the LAN by 02:00:00:00:00:01");
        REQUIRE(own.insert(ip.text()).second);
        co_return ok();
    }
    loop::Task<Result<void>> give_back(Ipv4 ip) override {
        if (give_back_fails) co_return Error(Code::unavailable, "the network is down");
        own.erase(ip.text());
        co_return ok();
    }
    loop::Task<Result<void>> keep_only(std::vector<Ipv4> ips) override {
        kept = ips.size();
        co_return ok();
    }
    loop::Task<Result<std::vector<network::ListeningPort>>> listening(Ipv4) override { co_return busy; }
    void on_conflict(ConflictFn conflict) override { tell = std::move(conflict); }

    std::set<std::string> others, own;
    std::vector<network::ListeningPort> busy;
    size_t kept = 0;
    bool give_back_fails = false;
    ConflictFn tell;

  private:
    loop::Loop& loop_;
};

struct World : test::AdmittedWorld {
    explicit World(const std::string& pool) : AdmittedWorld({"10.43.0.0/16"}), events(loop, objects, "box") { start(pool); }

    void start(const std::string& pool) {
        balancers.reset();
        balancers = std::make_unique<LoadBalancers>(loop, objects, events, rules, lan, *AddressPool::parse(pool), this_node);
        balancers->start();
        settle();
    }
    void create(
        const std::string& name, const std::function<void(api::Service&)>& edit = [](api::Service&) {}) {
        api::Service service;
        service.metadata.name = api::Str(name);
        service.metadata.namespace_ = "default";
        service.spec.type = "LoadBalancer";
        service.spec.ports.emplace_back().port = 80;
        edit(service);
        const auto created = run(objects.create<api::Service>(std::move(service)));
        if (!created) FAIL(created.error().message());
        settle();
    }
    void edit(const std::string& name, std::function<Result<void>(api::Service&)> change) {
        const auto done = run(objects.modify<api::Service>("default", name, std::move(change)));
        if (!done) FAIL(done.error().message());
        settle();
    }
    void remove(const std::string& name) {
        REQUIRE(run(objects.remove<api::Service>("default", name)));
        settle();
    }
    std::string ip_of(const std::string& name) {
        const auto service = objects.get<api::Service>("default", name);
        if (!service) return "gone";
        const auto& ingress = service->status.load_balancer.ingress;
        return ingress.empty() ? "" : ingress[0].ip.str();
    }
    /// What was said for the reason last.
    std::string told(std::string_view reason) {
        std::shared_ptr<const api::Event> last;
        for (const auto& event : objects.list<api::Event>())
            if (event->reason == reason &&
                (!last || event->metadata.name.view().substr(event->metadata.name.view().rfind('.')) >
                              last->metadata.name.view().substr(last->metadata.name.view().rfind('.'))))
                last = event;
        return last ? last->message.str() : "";
    }
    bool is_protected(const std::string& name) {
        return !objects.get<api::Service>("default", name)->metadata.finalizers.empty();
    }

    objects::EventRecorder events;
    test::NoRules rules;
    FakeLan lan{loop};
    std::unique_ptr<LoadBalancers> balancers;
};

}  // namespace

TEST_CASE("AddressPool: ranges and CIDRs; what no host can have is refused") {
    const auto pool = AddressPool::parse(" 192.0.2.48/30, 192.0.2.10 - 192.0.2.12,198.51.100.7 ");
    REQUIRE(pool);
    CHECK(pool->ranges().size() == 3);
    for (const char* in : {"192.0.2.48", "192.0.2.51", "192.0.2.10", "192.0.2.12", "198.51.100.7"})
        CHECK(pool->contains(*parse_ipv4(in)));
    for (const char* out : {"192.0.2.9", "192.0.2.13", "192.0.2.52", "198.51.100.8"})
        CHECK_FALSE(pool->contains(*parse_ipv4(out)));
    CHECK(pool->overlaps(*parse_cidr("192.0.2.0/24")));
    CHECK(pool->overlaps(*parse_cidr("192.0.2.11/32")));
    CHECK_FALSE(pool->overlaps(*parse_cidr("10.42.0.0/16")));
    CHECK(AddressPool::parse("")->empty());
    for (const char* bad : {"x", "192.0.2.1-", "192.0.2.9-192.0.2.1", "192.0.2.1/24", "127.0.0.1", "224.0.0.0/8", "0.0.0.0/0",
                            "192.0.2.1,", "192.0.2.1,192.0.2.0/30", "10.0.0.0/8", "fd00::1", "255.255.255.255"})
        CHECK_FALSE(AddressPool::parse(bad));
}

TEST_CASE("AddressBook: the lowest that is free, none twice, and a given-back one again") {
    AddressBook book(*AddressPool::parse("192.0.2.50-192.0.2.51,192.0.2.60"), this_node.ip);
    CHECK(chosen(book, wish("a/1")) == "192.0.2.50");
    CHECK(chosen(book, wish("a/2", {80}, "192.0.2.60")) == "192.0.2.60");
    CHECK(chosen(book, wish("a/3")) == "192.0.2.51");
    CHECK(chosen(book, wish("a/4")) == "no available IPs");
    CHECK(chosen(book, wish("a/4", {80}, "192.0.2.51")) == "192.0.2.51 is already in use by service a/3");
    CHECK(chosen(book, wish("a/4", {80}, "192.0.2.2")) == "\"192.0.2.2\" is not allowed in config");
    CHECK(chosen(book, wish("a/4", {80}, "home")) == "\"home\" is not an IPv4 address");
    CHECK(book.find("a/4") == nullptr);
    book.release("a/1");
    CHECK(chosen(book, wish("a/4")) == "192.0.2.50");
    CHECK(book.keeps(wish("a/4", {1, 2})));
    CHECK_FALSE(book.keeps(wish("a/4", {1}, "192.0.2.51")));
}

TEST_CASE("AddressBook: an address that is in use elsewhere is given again after a while") {
    AddressBook book(*AddressPool::parse("192.0.2.50-192.0.2.51"), this_node.ip);
    CHECK(chosen(book, wish("a/1")) == "192.0.2.50");
    book.release("a/1");
    book.avoid(Ipv4{0xc0000232}, 0);
    CHECK(chosen(book, wish("a/1")) == "192.0.2.51");
    CHECK(chosen(book, wish("a/2"), AddressBook::avoid_ms - 1) == "no available IPs");
    CHECK(chosen(book, wish("a/2"), AddressBook::avoid_ms) == "192.0.2.50");
}

TEST_CASE("AddressBook: the node's address is everybody's, each port somebody's") {
    AddressBook book({}, this_node.ip);
    CHECK(chosen(book, wish("a/1", {80, 443})) == "192.0.2.2");
    CHECK(chosen(book, wish("a/2", {81})) == "192.0.2.2");
    CHECK(chosen(book, wish("a/3", {443})) == "port 443/TCP of the node's address 192.0.2.2 is already in use by service a/1");
    CHECK_FALSE(book.keeps(wish("a/2", {80, 81})));
    CHECK(book.keeps(wish("a/1", {80})));
    CHECK(chosen(book, wish("a/3", {443})) == "192.0.2.2");
}

TEST_CASE("LoadBalancers: an address of the pool, a finalizer, events; and all of it back") {
    World world("192.0.2.50-192.0.2.51");
    world.create("web");
    CHECK(world.is_protected("web"));
    CHECK(world.ip_of("web").empty());
    world.pass(1'000);
    CHECK(world.ip_of("web") == "192.0.2.50");
    const auto service = world.objects.get<api::Service>("default", "web");
    CHECK(service->status.load_balancer.ingress[0].ip_mode == "VIP");
    REQUIRE(service->status.load_balancer.ingress[0].ports.size() == 1);
    CHECK(service->status.load_balancer.ingress[0].ports[0].port == 80);
    CHECK(world.told("IPAllocated") == "Assigned IP [\"192.0.2.50\"]");
    CHECK(world.told("nodeAssigned") == "announcing from node \"box\" with protocol \"layer2\"");
    CHECK(world.told("EnsuredLoadBalancer") == "Ensured load balancer");
    world.lan.give_back_fails = true;
    world.remove("web");
    CHECK(world.ip_of("web") == "192.0.2.50");  // the finalizer keeps it until the address is back
    CHECK(world.told("DeleteLoadBalancerFailed") == "Error deleting load balancer (will retry): the network is down");
    world.lan.give_back_fails = false;
    world.pass(10'000);
    CHECK(world.ip_of("web") == "gone");
    CHECK(world.told("DeletedLoadBalancer") == "Deleted load balancer");
    CHECK(world.lan.own.empty());
}

TEST_CASE("LoadBalancers: one that waits is told why, once, and served when an address is free") {
    World world("192.0.2.50");
    world.create("one");
    world.create("two");
    world.create("three");
    world.pass(1'000);
    CHECK(world.ip_of("two").empty());
    CHECK(world.told("AllocationFailed").find("no available IPs") != std::string::npos);
    const auto reconciled = world.balancers->counters().reconciled;
    world.pass(3'600'000);
    CHECK(world.balancers->counters().reconciled == reconciled);  // who waits costs nothing
    world.edit("one", [](api::Service& service) { return service.spec.type = "ClusterIP", ok(); });
    CHECK_FALSE(world.is_protected("one"));
    CHECK(world.ip_of("one").empty());
    world.pass(1'000);
    CHECK((world.ip_of("two") == "192.0.2.50") != (world.ip_of("three") == "192.0.2.50"));
}

TEST_CASE("LoadBalancers: an address that somebody on the LAN has is not taken") {
    World world("192.0.2.50-192.0.2.51");
    world.lan.others = {"192.0.2.50"};
    world.create("web");
    world.create("asks", [](api::Service& service) { service.spec.load_balancer_ip = "192.0.2.50"; });
    world.pass(5'000);
    CHECK(world.ip_of("web") == "192.0.2.51");
    CHECK(world.told("AddressConflict") == "192.0.2.50 is in use on the LAN by 02:00:00:00:00:01: another one is tried");
    CHECK(world.ip_of("asks").empty());
    CHECK(world.told("AllocationFailed") ==
          "Failed to allocate IP for \"default/asks\": 192.0.2.50 is in use on the LAN by 02:00:00:00:00:01");
    world.lan.others.clear();
    world.pass(120'000);
    CHECK(world.ip_of("asks") == "192.0.2.50");
    world.lan.tell(Ipv4{0xc0000232}, "02:00:00:00:00:09");
    world.settle();
    CHECK(world.told("AddressConflict") == "192.0.2.50 is claimed on the LAN by 02:00:00:00:00:09, too: it is announced again");
    world.lan.tell(Ipv4{0xc0000299}, "02:00:00:00:00:09");
}

TEST_CASE("LoadBalancers: a new daemon keeps every address, and a service that changed meanwhile chooses again") {
    World world("192.0.2.50-192.0.2.60");
    world.create("one");
    world.create("two");
    world.pass(1'000);
    CHECK(world.ip_of("two") == "192.0.2.51");
    world.lan.own.clear();
    world.start("192.0.2.51-192.0.2.60");
    CHECK(world.lan.kept == 1);
    world.create("three");
    world.pass(2'000);
    CHECK(world.ip_of("two") == "192.0.2.51");
    CHECK(world.ip_of("one") != world.ip_of("three"));
    CHECK(world.lan.own.size() == 3);
    world.edit("two", [](api::Service& service) { return service.spec.load_balancer_ip = "192.0.2.60", ok(); });
    world.pass(2'000);
    CHECK(world.ip_of("two") == "192.0.2.60");
    CHECK_FALSE(world.lan.own.contains("192.0.2.51"));
}

TEST_CASE("LoadBalancers: deleted while the LAN is asked, it leaves nothing") {
    World world("192.0.2.50");
    world.create("web");
    world.pass(100);
    world.remove("web");
    world.pass(2'000);
    CHECK(world.ip_of("web") == "gone");
    CHECK(world.lan.own.empty());
    world.create("next");
    world.pass(1'000);
    CHECK(world.ip_of("next") == "192.0.2.50");
}

TEST_CASE("LoadBalancers: another class is another's, and ours may be named") {
    World world("192.0.2.50");
    world.create("theirs", [](api::Service& service) { service.spec.load_balancer_class = api::Str("example.com/lb"); });
    CHECK_FALSE(world.is_protected("theirs"));
    world.create("ours",
                 [](api::Service& service) { service.spec.load_balancer_class = api::Str("orilla.dev/load-balancer"); });
    world.pass(1'000);
    CHECK(world.ip_of("theirs").empty());
    CHECK(world.ip_of("ours") == "192.0.2.50");
    world.remove("theirs");
    CHECK(world.ip_of("theirs") == "gone");
}

TEST_CASE("LoadBalancers: without a pool the node's address, but for ports that somebody has") {
    World world("");
    world.lan.busy = {{network::Protocol::tcp, 22}};
    world.create("ssh", [](api::Service& service) { service.spec.ports[0].port = 22; });
    world.create("web");
    world.create("late");
    CHECK(world.ip_of("web") == "192.0.2.2");
    CHECK(world.ip_of("ssh").empty());
    CHECK(world.ip_of("late").empty());
    CHECK(world.told("IPAllocated").empty());
    world.lan.busy.clear();
    world.pass(60'000);  // nobody says when a process ends
    CHECK(world.ip_of("ssh") == "192.0.2.2");
    world.remove("web");
    CHECK(world.ip_of("late") == "192.0.2.2");
    // Other ports are looked at again, and a port that is given up is another's.
    world.create("second", [](api::Service& service) { service.spec.ports[0].port = 81; });
    world.create("waits", [](api::Service& service) { service.spec.ports[0].port = 81; });
    CHECK(world.ip_of("waits").empty());
    world.edit("second", [](api::Service& service) { return service.spec.ports[0].port = 82, ok(); });
    CHECK(world.ip_of("second") == "192.0.2.2");
    CHECK(world.ip_of("waits") == "192.0.2.2");
    world.lan.busy = {{network::Protocol::tcp, 6443}};
    world.edit("second", [](api::Service& service) { return service.spec.ports[0].port = 6443, ok(); });
    CHECK(world.ip_of("second").empty());
    CHECK(world.told("AllocationFailed") ==
          "Failed to allocate IP for \"default/second\": port 6443/TCP of the node's address "
          "192.0.2.2 is already in use by a process on the node");
}

TEST_CASE("LoadBalancers: a node that is to serve none gives its addresses back, and takes them again") {
    World world("192.0.2.50-192.0.2.51");
    api::Node node;
    node.metadata.name = "box";
    REQUIRE(world.run(world.objects.create<api::Node>(node)));
    world.create("one");
    world.create("two");
    world.pass(1'000);
    const auto label = [&](bool on) {
        std::function<Result<void>(api::Node&)> change = [on](api::Node& edited) -> Result<void> {
            constexpr const char* key = "node.kubernetes.io/exclude-from-external-load-balancers";
            if (on) edited.metadata.labels[key] = "";
            else edited.metadata.labels.erase(key);
            return ok();
        };
        REQUIRE(world.run(world.objects.modify<api::Node>("", "box", std::move(change))));
        world.settle();
    };
    label(true);
    CHECK(world.lan.own.empty());
    CHECK(world.ip_of("one").empty());
    CHECK(world.told("UnAvailableLoadBalancer") == "There are no available nodes for LoadBalancer");
    world.create("three");
    label(false);
    world.pass(2'000);
    CHECK(world.ip_of("one") == "192.0.2.50");
    CHECK(world.ip_of("two") == "192.0.2.51");
    CHECK(world.told("UpdatedLoadBalancer") == "Updated load balancer with new hosts");
    CHECK(world.ip_of("three").empty());
    label(true);
    world.remove("one");
    CHECK(world.ip_of("one") == "gone");
    label(false);
    world.pass(2'000);
    CHECK(world.ip_of("three") == "192.0.2.50");
}

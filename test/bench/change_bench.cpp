// What the change of one pod costs the control plane (controllers, scheduler, endpoints, service proxy) among few pods and
// among many, and the longest turn of its loop while many come and go. The store is in memory, the node is this program,
// and the rules go nowhere: what is measured is the processor time of deciding. `change_bench FEW MANY CROWD`.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <memory>
#include <vector>

#include "orilla/controllers/controllers.hpp"
#include "orilla/network/dns.hpp"
#include "orilla/node/node_agent.hpp"
#include "orilla/objects/store_options.hpp"
#include "orilla/proxy/service_proxy.hpp"
#include "orilla/scheduler/scheduler.hpp"
#include "support/await.hpp"
#include "support/no_rules.hpp"
#include "support/seeded_random.hpp"

using namespace orilla;

namespace {

constexpr int replicas = 20;    // of each Deployment, behind a Service of its own
constexpr int rounds = 9;       // the best of them counts: others use the machine, too
constexpr int changes = 200;    // in a round
constexpr size_t at_once = 16;  // writes of the node
constexpr std::string_view ns = "default";

double thread_cpu_ms() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
}

template <class T>
T must(Result<T> result) {
    if (result) return std::move(*result);
    std::fprintf(stderr, "%s\n", result.error().message().c_str());
    std::exit(1);
}
void must(Result<void> result) {
    if (result) return;
    std::fprintf(stderr, "%s\n", result.error().message().c_str());
    std::exit(1);
}

node::NodeFacts large_node() {
    node::NodeFacts facts;
    facts.name = "box";
    facts.cpu_milli = 4000;
    facts.memory_bytes = 4LL << 30;
    facts.pods_max = 10'000;
    return facts;
}

api::Deployment deployment_with(const std::string& name) {
    api::Deployment out;
    out.metadata.name = api::Str(name);
    out.metadata.namespace_ = api::Str(ns);
    out.spec.replicas = replicas;
    out.spec.selector.ensure().match_labels["app"] = api::Str(name);
    out.spec.template_.metadata.labels["app"] = api::Str(name);
    auto& container = out.spec.template_.spec.containers.emplace_back();
    container.name = "main";
    container.image = "web:1";
    return out;
}

api::Service service_with(const std::string& name) {
    api::Service out;
    out.metadata.name = api::Str(name);
    out.metadata.namespace_ = api::Str(ns);
    out.spec.selector["app"] = api::Str(name);
    out.spec.ports.emplace_back().port = 80;
    return out;
}

void set_ready(api::Pod& pod, bool ready) {
    pod.status.phase = "Running";
    pod.status.pod_ip = "10.42.0.2";
    pod.status.conditions.clear();
    auto& condition = pod.status.conditions.emplace_back();
    condition.type = "Ready";
    condition.status = ready ? "True" : "False";
}

class Plane {
  public:
    Plane() {
        must(test::await(loop_, objects_.ensure_standard_namespaces()));
        controllers_.start();
        must(proxy_.start({}));
        must(test::await(loop_, node_.start()));
        scheduler_.start();
        settle();
    }

    /// Deployments with so many pods together, all of them ready.
    void fill(int pods) {
        for (int i = 0; i < pods / replicas; ++i) {
            const std::string name = "app" + std::to_string(i);
            must(test::await(loop_, objects_.create<api::Service>(service_with(name))));
            must(test::await(loop_, objects_.create<api::Deployment>(deployment_with(name))));
        }
        settle();
        loop::Scope node(loop_);
        pods_ = objects_.list<api::Pod>(ns);
        for (size_t i = 0; i < at_once; ++i) node.spawn(make_ready());
        while (node.running() > 0) turn();
        settle();
        if (static_cast<int>(objects_.list<api::Pod>(ns).size()) != pods) must(Error(Code::internal, "not all pods were made"));
    }

    void empty() {
        for (const auto& deployment : objects_.list<api::Deployment>(ns))
            must(test::await(loop_, objects_.remove<api::Deployment>(std::string(ns), deployment->metadata.name.str())));
        settle();
        objects::DeleteOptions now;
        now.grace_period_seconds = 0;
        objects::Objects::Match all;
        test::Started removing(loop_,
                               objects_.remove_collection(api::kind_of<api::Pod>(), std::string(ns), std::move(all), now));
        while (!removing.done()) turn();
        must(std::move(removing.get()));
        settle();
        if (objects_.store().count("pods") != 0) must(Error(Code::internal, "pods are left"));
    }

    /// Processor time of one change, until nobody has anything to do.
    double change_us() {
        const auto pods = objects_.list<api::Pod>(ns);
        const double begun_ms = thread_cpu_ms();
        for (int i = 0; i < changes; ++i) {
            flip(*pods[static_cast<size_t>(i / 2) * 7919 % pods.size()], i % 2 == 1);
            settle();
        }
        return (thread_cpu_ms() - begun_ms) * 1000 / changes;
    }

    double longest_turn_ms() const { return longest_turn_ms_; }

  private:
    static std::unique_ptr<store::Store> open(loop::Loop& loop, loop::Executor& executor, const api::KindRegistry& kinds) {
        return must(store::open_sqlite_store(loop, executor, objects::store_options(kinds)));
    }
    static controllers::ControllersOptions options() {
        controllers::ControllersOptions out;
        out.service_cidr = "10.43.0.0/16";
        out.api_ip = "192.0.2.10";
        out.node_name = "box";
        return out;
    }
    bool turn() {
        const double begun_ms = thread_cpu_ms();
        const bool ran = loop_.turn(false);
        longest_turn_ms_ = std::max(longest_turn_ms_, thread_cpu_ms() - begun_ms);
        return ran;
    }
    void settle() {
        while (turn()) {
        }
    }
    void flip(const api::Pod& pod, bool ready) {
        std::function<Result<void>(api::Pod&)> change = [ready](api::Pod& edited) -> Result<void> {
            return set_ready(edited, ready), ok();
        };
        must(test::await(loop_, objects_.modify_status<api::Pod>(std::string(ns), pod.metadata.name.str(), std::move(change))));
    }
    loop::Task<void> make_ready() {
        while (!pods_.empty()) {
            const std::string name = pods_.back()->metadata.name.str();
            pods_.pop_back();
            std::function<Result<void>(api::Pod&)> change = [](api::Pod& edited) -> Result<void> {
                return set_ready(edited, true), ok();
            };
            auto writing = objects_.modify_status<api::Pod>(std::string(ns), name, std::move(change));
            must(co_await std::move(writing));
            co_await loop_.breathe();
        }
    }

    SystemClock clock_;
    loop::Loop loop_{clock_};
    loop::InlineExecutor executor_{loop_};
    test::SeededRandom random_;
    api::KindRegistry kinds_;
    std::unique_ptr<store::Store> store_ = open(loop_, executor_, kinds_);
    objects::Objects objects_{loop_, *store_, random_, kinds_};
    objects::EventRecorder events_{loop_, objects_, "box"};
    test::NoRules rules_;
    network::DnsZone zone_{"cluster.local", *parse_cidr("10.42.0.0/16"), *parse_cidr("10.43.0.0/16")};
    controllers::Controllers controllers_{loop_, objects_, events_, options()};
    scheduler::Scheduler scheduler_{loop_, objects_, events_};
    proxy::ServiceProxy proxy_{loop_, objects_, events_, rules_, zone_, {"box"}};
    node::NodeAgent node_{loop_, objects_, large_node()};
    std::vector<std::shared_ptr<const api::Pod>> pods_;
    double longest_turn_ms_ = 0;
};

void measure_change(int few, int many) {
    Plane small, large;
    small.fill(few);
    large.fill(many);
    double small_us = 1e9, large_us = 1e9;
    for (int round = 0; round < rounds; ++round) {
        small_us = std::min(small_us, small.change_us());
        large_us = std::min(large_us, large.change_us());
    }
    std::printf("change of a pod among %d: %.0f us, among %d: %.0f us, %+.0f %%\n", few, small_us, many, large_us,
                (large_us / small_us - 1) * 100);
}

void measure_turns(int crowd) {
    Plane plane;
    plane.fill(crowd);
    const double made_ms = plane.longest_turn_ms();
    plane.empty();
    std::printf("longest turn while %d pods are made and made ready: %.1f ms, and deleted: %.1f ms\n", crowd, made_ms,
                plane.longest_turn_ms());
}

int number(int argc, char** argv, int at, int otherwise) { return argc > at ? std::atoi(argv[at]) : otherwise; }

}  // namespace

int main(int argc, char** argv) {
    measure_change(number(argc, argv, 1, 20), number(argc, argv, 2, 2000));
    measure_turns(number(argc, argv, 3, 1000));
    return 0;
}

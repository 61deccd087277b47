// drain: cordons nodes and takes their pods off, by evictions that PodDisruptionBudgets may hold up.
#include "verbs/drain.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <ctime>
#include <map>
#include <thread>

#include "orilla/base/clock.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/schema/selectors.hpp"
#include "print/output.hpp"
#include "print/watching.hpp"
#include "targets.hpp"
#include "verbs/nodes.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr int64_t retry_ms = 5'000;  ///< until a budget is asked again
constexpr int64_t look_ms = 500;     ///< between two looks at who is still there

/// One node's pods on their way.
class Drain {
  public:
    Drain(Client& client, const Options& options, std::string node, int64_t limit_ms)
        : client_(client), options_(options), node_(std::move(node)), limit_ms_(limit_ms) {}

    /// What went wrong, each by itself.
    const std::vector<std::string>& errors() const { return errors_; }
    /// Plans, warns, and waits for all that goes.
    Result<void> run() {
        TRY(const DrainPlan plan, make_plan());
        errors_ = plan.refusals();
        if (!errors_.empty()) return Error(Code::conflict, join_errors(errors_));
        if (const std::string warnings = plan.warnings(); !warnings.empty()) complain(fmt::format("Warning: {}\n", warnings));
        if (options_.dry_run == "client") {
            for (const auto& pod : plan.leaving()) print(fmt::format("evicting pod {}/{} (dry run)\n", pod.ns, pod.name));
            return ok();
        }
        auto done = take_off(plan.leaving());
        if (!done) tell_pending(done.error().message());
        return done;
    }

  private:
    struct Way {
        Leaving pod;
        int64_t try_at_ms = 0;
        bool is_ending = false;
        bool is_done = false;
    };

    Result<json::array> list_pods() {
        Options chosen = options_;
        chosen.selector = options_.pod_selector;
        chosen.field_selector = "spec.nodeName=" + node_;
        TRY(const json::object list, fetch(client_, chosen, {&api::kind_of<api::Pod>(), "", "", ""}));
        return array_at(list, "items");
    }

    static Leaving leaving_of(const json::object& pod) {
        const json::object& meta = object_at(pod, "metadata");
        return {text_at(meta, "namespace"), text_at(meta, "name"), text_at(meta, "uid")};
    }

    Result<DrainPlan> make_plan() {
        TRY(const json::array pods, list_pods());
        std::map<std::string, std::optional<Error>> asked;
        const FindDaemonSet find = [&](const std::string& ns, const std::string& name) {
            const auto [found, is_new] = asked.try_emplace(fmt::format("{}/{}", ns, name));
            if (!is_new) return found->second;
            const auto set = fetch(client_, options_, {&api::kind_of<api::DaemonSet>(), name, ns, ""});
            if (!set) found->second = set.error();
            return found->second;
        };
        DrainPlan plan;
        for (const auto& pod : pods)
            plan.add(leaving_of(pod.get_object()), judge_pod(pod.get_object(), options_, find, time(nullptr)));
        return plan;
    }

    Request removal_of(const Leaving& pod) const {
        Request request;
        request.path = path_of(api::kind_of<api::Pod>(), pod.ns, pod.name);
        json::object how;
        if (options_.grace_period_s.value_or(-1) >= 0) how["gracePeriodSeconds"] = *options_.grace_period_s;
        if (options_.dry_run == "server") how["dryRun"] = json::array{"All"};
        request.method = options_.disable_eviction ? "DELETE" : "POST";
        json::object body = how;
        if (!options_.disable_eviction) {
            request.path += "/eviction";
            body = {{"apiVersion", "policy/v1"},
                    {"kind", "Eviction"},
                    {"metadata", {{"name", pod.name}, {"namespace", pod.ns}}},
                    {"deleteOptions", std::move(how)}};
        }
        request.body = json::serialize(body);
        return request;
    }

    std::string named(const Leaving& pod) const { return fmt::format("pods/\"{}\" -n \"{}\"", pod.name, pod.ns); }

    void begin(Way& way) {
        const bool is_server_run = options_.dry_run == "server";
        if (!options_.disable_eviction)
            print(fmt::format("evicting pod {}/{}{}\n", way.pod.ns, way.pod.name, is_server_run ? " (server dry run)" : ""));
        flush_output();
        const auto answer = client_.send(removal_of(way.pod));
        if (answer) {
            way.is_ending = true;
            way.is_done = is_server_run;
        } else if (answer.error().code() == Code::not_found) {
            way.is_done = true;
        } else if (answer.error().code() == Code::too_many_requests && !options_.disable_eviction) {
            complain(
                fmt::format("error when evicting {} (will retry after 5s): {}\n", named(way.pod), answer.error().message()));
            way.try_at_ms = SystemClock().monotonic_ms() + retry_ms;
        } else {
            fail(way, options_.disable_eviction
                          ? answer.error().message()
                          : fmt::format("error when evicting {}: {}", named(way.pod), answer.error().message()));
        }
    }

    void fail(Way& way, std::string why) {
        errors_.push_back(std::move(why));
        way.is_done = true;
    }

    Result<void> see_who_has_gone(std::vector<Way>& ways) {
        if (std::ranges::none_of(ways, [](const Way& way) { return way.is_ending && !way.is_done; })) return ok();
        TRY(const json::array pods, list_pods());
        for (Way& way : ways) {
            if (!way.is_ending || way.is_done) continue;
            const auto it_is = [&way](const json::value& one) { return leaving_of(one.get_object()) == way.pod; };
            const auto found = std::ranges::find_if(pods, it_is);
            const bool is_left = found != pods.end() && !judge_wait(found->get_object());
            if (found != pods.end() && !is_left) continue;
            way.is_done = true;
            if (!is_left) print(fmt::format("pod/{} {}\n", way.pod.name, options_.disable_eviction ? "deleted" : "evicted"));
            flush_output();
        }
        return ok();
    }

    /// Whether it is waited for.
    bool judge_wait(const json::object& pod) const {
        const FindDaemonSet none = [](const std::string&, const std::string&) { return std::optional<Error>(); };
        const bool limited = options_.skip_wait_for_delete_s.value_or(0) > 0;
        return !limited || judge_pod(pod, options_, none, time(nullptr)).goes;
    }

    void give_up(Way& way) {
        const std::string why = fmt::format("global timeout reached: {}", go_duration(limit_ms_));
        if (way.is_ending && !options_.disable_eviction)
            fail(way, fmt::format("error when waiting for pod \"{}\" in namespace \"{}\" to terminate: {}", way.pod.name,
                                  way.pod.ns, why));
        else if (way.is_ending) fail(way, why);
        else fail(way, fmt::format("error when evicting {}: {}", named(way.pod), why));
    }

    Result<void> take_off(const std::vector<Leaving>& pods) {
        std::vector<Way> ways;
        for (const auto& pod : pods) ways.push_back({pod});
        const SystemClock clock;
        const int64_t end_ms = clock.monotonic_ms() + limit_ms_;
        for (;;) {
            for (Way& way : ways)
                if (!way.is_done && !way.is_ending && clock.monotonic_ms() >= way.try_at_ms) begin(way);
            TRY_VOID(see_who_has_gone(ways));
            if (std::ranges::all_of(ways, &Way::is_done)) break;
            if (clock.monotonic_ms() >= end_ms) {
                for (Way& way : ways)
                    if (!way.is_done) give_up(way);
                break;
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(look_ms));
        }
        if (errors_.empty()) return ok();
        return Error(Code::conflict, join_errors(errors_));
    }

    void tell_pending(const std::string& why) {
        const auto plan = make_plan();
        if (!plan || plan->leaving().empty()) return;
        complain(fmt::format("There are pending pods in node \"{}\" when an error occurred: {}\n", node_, why));
        for (const auto& pod : plan->leaving()) complain(fmt::format("pod/{}\n", pod.name));
    }

    Client& client_;
    const Options& options_;
    const std::string node_;
    const int64_t limit_ms_;
    std::vector<std::string> errors_;
};

/// Each node in turn; one that cannot be drained does not keep the others.
Result<void> drain_nodes(Client& client, const Options& options, const std::vector<NamedNode>& nodes, int64_t limit_ms) {
    std::vector<std::string> errors, failed;
    for (size_t i = 0; i < nodes.size(); ++i) {
        const std::string& name = nodes[i].target.name;
        Drain drain(client, options, name, limit_ms);
        const auto done = drain.run();
        if (done) {
            TRY_VOID(print_done(options, nodes[i].target, "drained", nodes[i].object));
            continue;
        }
        flush_output();
        const std::string& why = done.error().message();
        if (drain.errors().empty()) errors.push_back(why);
        else errors.insert(errors.end(), drain.errors().begin(), drain.errors().end());
        failed.push_back(name);
        complain(fmt::format("error: unable to drain node \"{}\" due to error: {}, continuing command...\n", name, why));
        complain("There are pending nodes to be drained:\n");
        for (const auto& one : failed) complain(fmt::format(" {}\n", one));
        for (size_t j = i + 1; j < nodes.size(); ++j) complain(fmt::format(" {}\n", nodes[j].target.name));
    }
    if (errors.empty()) return ok();
    std::string text;
    for (const auto& error : errors) text += (text.empty() ? "" : "\n") + error;
    return Error(Code::conflict, text);
}

}  // namespace

Result<void> run_drain(Client& client, const Options& options) {
    TRY(const int64_t limit_ms, parse_timeout(options, wait_ms_max));
    if (!api::Selector::parse(options.pod_selector))
        return usage("--pod-selector=<pod_selector> must be a valid label selector");
    TRY(const auto nodes, find_nodes(client, options));
    TRY_VOID(mark_nodes(client, options, nodes, true));
    return drain_nodes(client, options, nodes, limit_ms);
}

}  // namespace orilla::cli

#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "orilla/kinds/types.hpp"
#include "orilla/kinds/well_known.hpp"
#include "print/output.hpp"
#include "targets.hpp"
#include "verbs/logs.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr int64_t log_requests_default = 5;
constexpr int64_t selected_tail_default = 10;  ///< lines a container, with -l

const api::KindInfo& pods() { return api::kind_of<api::Pod>(); }

/// Says in which namespace it looked, as kubectl does for logs.
Error not_found(const Error& error, const Options& options) {
    if (!error.is_answer() || error.code() != Code::not_found) return error;
    return Error(error.code(), fmt::format("error: error from server (NotFound): {} in namespace \"{}\"", error.message(),
                                           namespace_of(options)));
}

Result<json::array> fetch_selected(Client& client, const Options& options) {
    Target all{&pods(), "", namespace_of(options), ""};
    TRY(const json::object list, fetch(client, options, all));
    return array_at(list, "items");
}

/// The pods of a Deployment, a Service and their like: one of them, or with --all-pods each.
Result<json::array> fetch_pods_of(Client& client, const Options& options, const Target& owner) {
    TRY(const json::object object, fetch(client, options, owner));
    const json::object& selector = object_at(object_at(object, "spec"), "selector");
    const json::object& labels = selector.contains("matchLabels") ? object_at(selector, "matchLabels") : selector;
    if (labels.empty())
        return usage(fmt::format("cannot get the logs from {}: it selects no pods by labels", owner.kind->kind));
    Options selected = options;
    for (const auto& label : labels)
        selected.selector += fmt::format("{}{}={}", selected.selector.empty() ? "" : ",", label.key(), text_of(label.value()));
    TRY(json::array found, fetch_selected(client, selected));
    if (found.empty()) return Error(Code::not_found, "error: no pods found for " + display_name(*owner.kind, owner.name));
    if (options.all_pods || found.size() == 1) return found;
    complain(fmt::format("Found {} pods, using pod/{}\n", found.size(),
                         text_at(object_at(found[0].get_object(), "metadata"), "name")));
    return json::array{found[0]};
}

Result<json::array> fetch_pods(Client& client, const Options& options) {
    if (options.args.empty()) return fetch_selected(client, options);
    Target target{&pods(), options.args[0], namespace_of(options), ""};
    if (options.args[0].find('/') != std::string::npos) {
        TRY(const auto parsed, parse_targets({options.args[0]}, options));
        target = parsed[0];
    }
    if (!target.kind->is_same_kind(pods())) {
        auto owned = fetch_pods_of(client, options, target);
        if (!owned) return not_found(owned.error(), options);
        return owned;
    }
    auto pod = fetch(client, options, target);
    if (!pod) return not_found(pod.error(), options);
    return json::array{std::move(*pod)};
}

Result<void> print_log(Client& client, const Options& options, const LogSource& source) {
    Request request;
    request.accept = "*/*";
    TRY(const std::string query, log_query(options, source.container));
    request.path = fmt::format("{}/log{}", path_of(pods(), namespace_of(options), source.pod), query);
    const std::string prefix = fmt::format("[pod/{}/{}] ", source.pod, source.container);
    if (options.prefix)
        return client.stream_lines(request, [&](std::string_view line) {
            print_data(fmt::format("{}{}\n", prefix, line));
            flush_output();
            return true;
        });
    return client.stream(request, [](std::string_view piece) {
        print_data(piece);
        flush_output();
        return true;
    });
}

/// One connection each; lines are printed whole.
Result<void> follow_all(const Client& client, const Options& options, const std::vector<LogSource>& sources) {
    const int64_t most = options.log_requests_max.value_or(log_requests_default);
    if (static_cast<int64_t>(sources.size()) > most)
        return usage(
            fmt::format("you are attempting to follow {} log streams, but maximum allowed concurrency is {}, use "
                        "--max-log-requests to increase the limit",
                        sources.size(), most));
    std::vector<std::thread> threads;
    for (const auto& source : sources)
        threads.emplace_back([&client, &options, &source] {
            Client own(client.connection());
            auto done = print_log(own, options, source);
            if (!done) print_error(done.error());
        });
    for (auto& thread : threads) thread.join();
    return ok();
}

Result<Options> check_logs_flags(const Options& given) {
    Options options = given;
    const bool selects = !options.selector.empty();
    if ((options.args.empty() && !selects) || options.args.size() > 2)
        return usage_with_help(
            options,
            "expected 'logs [-f] [-p] (POD | TYPE/NAME) [-c CONTAINER]'.\nPOD or TYPE/NAME is a required argument for the "
            "logs command");
    if (selects && !options.args.empty()) return usage("only a selector (-l) or a POD name is allowed");
    if (options.args.size() == 2 && !options.container.empty())
        return usage("only one of -c or an inline [CONTAINER] arg is allowed");
    if (options.args.size() == 2) options.container = options.args[1];
    if (options.all_containers && !options.container.empty())
        return usage("--all-containers=true should not be specified with container name " + options.container);
    if (!options.since.empty() && !options.since_time.empty())
        return usage("at most one of `sinceTime` or `sinceSeconds` may be specified");
    if (options.tail.value_or(-1) < -1) return usage("--tail must be greater than or equal to -1");
    if (options.limit_bytes.value_or(1) < 1) return usage("--limit-bytes must be greater than 0");
    if (options.all_pods) options.prefix = true;
    if (selects && !options.tail) options.tail = selected_tail_default;
    TRY(const std::string query, log_query(options, ""));
    (void)query;
    return options;
}

bool has_pod_template(const api::KindInfo& kind) {
    const api::FieldInfo* spec = kind.type->find_field("spec");
    const api::FieldInfo* made = spec ? spec->type->find_field("template") : nullptr;
    return made && made->type == &api::type_info<api::PodTemplateSpec>() && spec->type->find_field("selector");
}

}  // namespace

bool selects_pods(const api::KindInfo& kind) {
    return has_pod_template(kind) || kind.is_same_kind(api::kind_of<api::Service>());
}

Result<std::string> log_query(const Options& options, const std::string& container) {
    std::string out = "?container=" + escape(container);
    if (options.follow) out += "&follow=true";
    if (options.previous) out += "&previous=true";
    if (options.timestamps) out += "&timestamps=true";
    if (options.tail.value_or(-1) >= 0) out += "&tailLines=" + std::to_string(*options.tail);
    if (options.limit_bytes) out += "&limitBytes=" + std::to_string(*options.limit_bytes);
    if (!options.since_time.empty()) out += "&sinceTime=" + escape(options.since_time);
    if (options.since.empty()) return out;
    const int64_t since_ms = parse_duration_ms(options.since);
    if (since_ms < 0)
        return usage(
            fmt::format("invalid argument \"{}\" for \"--since\" flag: a duration such as 10s, 5m or 1h is expected\nSee "
                        "'orilla logs --help' for usage.",
                        options.since));
    return since_ms == 0 ? out : fmt::format("{}&sinceSeconds={}", out, (since_ms + 999) / 1000);
}

Result<std::vector<LogSource>> plan_logs(const Options& options, const json::array& pods, std::string* note) {
    std::vector<LogSource> out;
    for (const auto& item : pods) {
        const json::object& spec = object_at(item.get_object(), "spec");
        const json::object& metadata = object_at(item.get_object(), "metadata");
        const std::string pod = text_at(metadata, "name");
        std::vector<std::string> names;
        for (const char* list : {"initContainers", "containers"})
            for (const auto& container : array_at(spec, list)) names.push_back(text_at(container.get_object(), "name"));
        const size_t main = array_at(spec, "initContainers").size();
        if (!options.container.empty()) {
            if (std::ranges::find(names, options.container) == names.end())
                return usage(fmt::format("container {} is not valid for pod {}", options.container, pod));
            out.push_back({pod, options.container});
        } else if (options.all_containers) {
            for (const auto& name : names) out.push_back({pod, name});
        } else if (main < names.size()) {
            const std::string wanted = text_at(object_at(metadata, "annotations"), api::default_container_annotation);
            const auto found = std::ranges::find(names, wanted);
            out.push_back({pod, found == names.end() ? names[main] : *found});
            std::string all;
            for (size_t i = main; i < names.size(); ++i) all += (all.empty() ? "" : ", ") + names[i];
            for (size_t i = 0; i < main; ++i) all += fmt::format(", {} (init)", names[i]);
            if (names.size() > 1 && found == names.end())
                *note += fmt::format("Defaulted container \"{}\" out of: {}\n", out.back().container, all);
        }
    }
    return out;
}

Result<void> run_logs(Client& client, const Options& given) {
    TRY(const Options options, check_logs_flags(given));
    TRY(const json::array found, fetch_pods(client, options));
    if (found.empty()) complain(fmt::format("No resources found in {} namespace.\n", namespace_of(options)));
    std::string note;
    TRY(const auto sources, plan_logs(options, found, &note));
    complain(note);
    if (options.follow && sources.size() > 1) return follow_all(client, options, sources);
    for (const auto& source : sources) TRY_VOID(print_log(client, options, source));
    return ok();
}

}  // namespace orilla::cli

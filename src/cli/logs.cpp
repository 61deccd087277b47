#include <boost/json.hpp>
#include <memory>
#include <thread>
#include <vector>

#include "output.hpp"
#include "verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

struct Source {
    std::string pod;
    std::string container;
};

std::vector<std::string> containers_of(const json::object& pod, bool all) {
    std::vector<std::string> out;
    const json::object& spec = object_at(pod, "spec");
    if (all)
        for (const auto& init : array_at(spec, "initContainers")) out.push_back(text_at(init.get_object(), "name"));
    for (const auto& container : array_at(spec, "containers")) out.push_back(text_at(container.get_object(), "name"));
    return out;
}

Result<json::array> fetch_pods(Client& client, const Options& options) {
    Request request;
    const api::KindInfo& pods = *api::find_kind("v1", "Pod");
    if (options.args.empty()) {
        if (options.selector.empty()) return Error(Code::bad_request, "error: expected 'logs POD' or 'logs TYPE/NAME' or -l SELECTOR");
        request.path = path_of(pods, options.ns) + list_query(options);
        TRY(std::string body, client.send(request));
        TRY(json::object list, parse_object(body));
        return array_at(list, "items");
    }
    std::string name = options.args[0];
    if (name.find('/') != std::string::npos) {
        TRY(auto targets, parse_targets({name}));
        name = targets[0].name;
        if (targets[0].kind->kind != "Pod") {
            request.path = path_of(*targets[0].kind, options.ns, name);
            TRY(std::string owner, client.send(request));
            TRY(json::object object, parse_object(owner));
            const json::object& selector = object_at(object_at(object, "spec"), "selector");
            Options selected = options;
            selected.args.clear();
            for (const auto& label : selector.contains("matchLabels") ? object_at(selector, "matchLabels") : selector)
                selected.selector += (selected.selector.empty() ? "" : ",") + std::string(label.key()) + "=" + text_of(label.value());
            TRY(json::array found, fetch_pods(client, selected));
            if (found.empty()) return Error(Code::not_found, "error: no pods found for " + options.args[0]);
            fprintf(stderr, "Found %zu pods, using pod/%s\n", found.size(),
                    text_at(object_at(found[0].get_object(), "metadata"), "name").c_str());
            return json::array{found[0]};
        }
    }
    request.path = path_of(pods, options.ns, name);
    TRY(std::string body, client.send(request));
    TRY(json::object pod, parse_object(body));
    return json::array{std::move(pod)};
}

Result<std::string> log_query(const Options& options, const std::string& container) {
    std::string out = "?container=" + escape(container);
    if (options.follow) out += "&follow=true";
    if (options.previous) out += "&previous=true";
    if (options.timestamps) out += "&timestamps=true";
    if (options.tail) out += "&tailLines=" + std::to_string(*options.tail);
    if (options.limit_bytes) out += "&limitBytes=" + std::to_string(*options.limit_bytes);
    if (!options.since_time.empty()) out += "&sinceTime=" + escape(options.since_time);
    if (!options.since.empty()) {
        const int64_t since_ms = parse_duration_ms(options.since);
        if (since_ms <= 0) return Error(Code::bad_request, "error: invalid --since \"" + options.since + "\"");
        out += "&sinceSeconds=" + std::to_string((since_ms + 999) / 1000);
    }
    return out;
}

Result<void> print_log(Client& client, const Options& options, const Source& source) {
    Request request;
    request.accept = "*/*";
    TRY(const std::string query, log_query(options, source.container));
    request.path = path_of(*api::find_kind("v1", "Pod"), options.ns, source.pod) + "/log" + query;
    const std::string prefix = "[pod/" + source.pod + "/" + source.container + "] ";
    if (options.prefix)
        return client.stream_lines(request, [&](std::string_view line) {
            print(prefix + std::string(line) + "\n");
            fflush(stdout);
            return true;
        });
    return client.stream(request, [](std::string_view piece) {
        print(piece);
        fflush(stdout);
        return true;
    });
}

}  // namespace

Result<void> run_logs(Client& client, const Options& given) {
    Options options = given;
    if (options.args.size() > 1 && options.container.empty()) options.container = options.args[1];
    TRY(json::array pods, fetch_pods(client, options));
    std::vector<Source> sources;
    for (const auto& pod : pods) {
        const std::string name = text_at(object_at(pod.get_object(), "metadata"), "name");
        const auto containers = containers_of(pod.get_object(), options.all_containers);
        if (!options.container.empty()) {
            sources.push_back({name, options.container});
        } else if (options.all_containers) {
            for (const auto& container : containers) sources.push_back({name, container});
        } else if (!containers.empty()) {
            if (containers.size() > 1) fprintf(stderr, "Defaulted container \"%s\" out of: %zu containers\n", containers[0].c_str(), containers.size());
            sources.push_back({name, containers[0]});
        }
    }
    if (!options.follow || sources.size() < 2) {
        for (const auto& source : sources) TRY_VOID(print_log(client, options, source));
        return ok();
    }
    constexpr size_t followed_max = 16;
    if (sources.size() > followed_max)
        return Error(Code::bad_request, "error: you are attempting to follow " + std::to_string(sources.size()) + " log streams, but maximum allowed is 16");
    std::vector<std::thread> threads;  // one connection each; lines are printed whole
    for (const auto& source : sources)
        threads.emplace_back([&options, &source] {
            Client own(options.socket);
            auto done = print_log(own, options, source);
            if (!done) fprintf(stderr, "%s\n", done.error().message().c_str());
        });
    for (auto& thread : threads) thread.join();
    return ok();
}

}  // namespace orilla::cli

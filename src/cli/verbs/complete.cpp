// completion and __complete: what the plan wants of the server, and what shells read.
#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>
#include <cstdlib>

#include "client.hpp"
#include "completion.hpp"
#include "orilla/kinds/types.hpp"
#include "print/output.hpp"
#include "served_kinds.hpp"
#include "targets.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr int64_t lookup_ms_max = 2'000;  ///< somebody has pressed the tabulator
constexpr size_t candidates_max = 2'000;

void add(CompletionPlan& plan, const std::string& name) {
    if (plan.candidates.size() >= candidates_max || std::ranges::find(plan.taken, name) != plan.taken.end()) return;
    plan.candidates.push_back({plan.prefix + name, ""});
}

void add_objects(Client& client, CompletionPlan& plan) {
    Request request;
    request.accept = accept_table;
    request.path = path_of(*plan.kind, namespace_for(*plan.kind, plan.options));
    const auto body = client.send(request);
    const auto table = body ? parse_object(*body) : Result<json::object>(body.error());
    if (!table) return;
    for (const auto& row : array_at(*table, "rows"))
        add(plan, text_at(object_at(object_at(row.get_object(), "object"), "metadata"), "name"));
}

void add_containers(Client& client, CompletionPlan& plan) {
    const auto pod =
        fetch(client, plan.options,
              {&api::kind_of<api::Pod>(), plan.pod.substr(plan.pod.find('/') + 1), namespace_of(plan.options), ""});
    if (!pod) return;
    for (const char* list : {"initContainers", "containers"})
        for (const auto& container : array_at(object_at(*pod, "spec"), list))
            add(plan, text_at(container.get_object(), "name"));
}

void add_images(Client& client, CompletionPlan& plan) {
    Request request;
    request.path = "/orilla/v1/images";
    const auto body = client.send(request);
    const auto answer = body ? parse_object(*body) : Result<json::object>(body.error());
    if (!answer) return;
    for (const auto& image : array_at(*answer, "items"))
        for (const auto& name : array_at(image.get_object(), "names")) add(plan, text_of(name));
}

}  // namespace

void run_complete(const std::vector<std::string>& words, const Local& local) {
    Options defaults;
    if (const char* socket = getenv("ORILLA_SOCKET"); socket && *socket) defaults.socket = socket;
    if (!defaults.socket.empty()) ask_kinds_of({defaults.socket, lookup_ms_max, 0});
    CompletionPlan plan = plan_completion(words, local.serve_flags(), std::move(defaults));
    Client client({plan.options.socket, lookup_ms_max, 0});
    if (plan.wants == CompletionPlan::Wants::objects) add_objects(client, plan);
    if (plan.wants == CompletionPlan::Wants::containers && !plan.pod.empty()) add_containers(client, plan);
    if (plan.wants == CompletionPlan::Wants::images) add_images(client, plan);
    print(render_completion(plan, words.empty() ? "" : words.back()));
}

Result<void> run_completion(const Options& options) {
    const std::string shell = options.args.empty() ? "" : options.args[0];
    const std::string_view script = find_completion_script(shell);
    if (options.args.size() != 1 || script.empty())
        return usage_with_help(options,
                               (shell.empty() ? "Shell not specified." : fmt::format("Unsupported shell type \"{}\".", shell)) +
                                   std::string(" One of these is needed: bash, zsh, fish"));
    print_data(script);
    return ok();
}

}  // namespace orilla::cli

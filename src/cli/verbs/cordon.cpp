// cordon and uncordon.
#include <fmt/core.h>
#include <boost/json.hpp>

#include "orilla/kinds/types.hpp"
#include "print/output.hpp"
#include "targets.hpp"
#include "verbs/nodes.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

Result<void> patch_node(Client& client, const Options& options, const Target& target, bool unschedulable) {
    json::object spec;
    spec["unschedulable"] = unschedulable ? json::value(true) : json::value(nullptr);
    Request request;
    request.method = "PATCH";
    request.path = fmt::format("{}?fieldManager=kubectl-{}{}", path_of(target), options.verb,
                               options.dry_run == "server" ? "&dryRun=All" : "");
    request.content_type = "application/merge-patch+json";
    request.body = json::serialize(json::object{{"spec", std::move(spec)}});
    TRY_VOID(client.send(request));
    return ok();
}

Result<void> mark_node(Client& client, const Options& options, const NamedNode& node, bool unschedulable) {
    const bool is_so = (text_at(object_at(node.object, "spec"), "unschedulable") == "true") == unschedulable;
    const std::string done = unschedulable ? "cordoned" : "uncordoned";
    if (!is_so && options.dry_run != "client") TRY_VOID(patch_node(client, options, node.target, unschedulable));
    return print_done(options, node.target, is_so ? "already " + done : done, node.object);
}

}  // namespace

Result<std::vector<NamedNode>> find_nodes(Client& client, const Options& options) {
    if (options.args.empty() && options.selector.empty())
        return usage_with_help(options, fmt::format("USAGE: {} NODE [flags]", options.verb));
    if (!options.args.empty() && !options.selector.empty())
        return usage_with_help(options, "cannot specify both a node name and a --selector option");
    const api::KindInfo& kind = api::kind_of<api::Node>();
    std::vector<NamedNode> out;
    for (const auto& word : options.args) {
        const size_t slash = word.find('/');
        const std::string type = slash == std::string::npos ? "node" : word.substr(0, slash);
        if (type != kind.singular && type != kind.plural && type != kind.short_names[0])
            return usage(fmt::format("\"{}\" is no node: {} takes names of nodes", word, options.verb));
        const Target target{&kind, word.substr(word.find('/') + 1), "", ""};
        TRY(json::object node, fetch(client, options, target));
        out.push_back({target, std::move(node)});
    }
    if (!options.args.empty()) return out;
    TRY(const json::object list, fetch(client, options, {&kind, "", "", ""}));
    for (const auto& item : array_at(list, "items")) {
        const std::string name = text_at(object_at(item.get_object(), "metadata"), "name");
        out.push_back({{&kind, name, "", ""}, item.get_object()});
    }
    if (out.empty()) complain("No resources found\n");
    return out;
}

Result<void> mark_nodes(Client& client, const Options& options, const std::vector<NamedNode>& nodes, bool unschedulable) {
    Failures failures;
    for (const auto& node : nodes) {
        const auto done = mark_node(client, options, node, unschedulable);
        if (!done)
            failures.add(Error(done.error().code(),
                               fmt::format("error: unable to {} node \"{}\": {}", unschedulable ? "cordon" : "uncordon",
                                           node.target.name, done.error().message())));
    }
    flush_output();
    return failures.outcome();
}

Result<void> run_cordon(Client& client, const Options& options) {
    TRY(const auto nodes, find_nodes(client, options));
    return mark_nodes(client, options, nodes, options.verb == "cordon");
}

}  // namespace orilla::cli

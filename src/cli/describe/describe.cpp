// describe: fetches what belongs to an object, and prints its description.
#include <fmt/core.h>
#include <boost/json.hpp>
#include <ctime>

#include "describe/description.hpp"
#include "describe/event_list.hpp"
#include "describe/kind_descriptions.hpp"
#include "orilla/kinds/types.hpp"
#include "print/output.hpp"
#include "targets.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

Result<json::array> fetch_list(Client& client, const api::KindInfo& kind, const std::string& ns,
                               const std::string& query = "") {
    Request request;
    request.path = path_of(kind, ns) + query;
    TRY(const std::string body, client.send(request));
    TRY(const json::object list, parse_object(body));
    return array_at(list, "items");
}

Result<json::array> fetch_owned(Client& client, const api::KindInfo& kind, const json::object& owner) {
    const json::object& metadata = object_at(owner, "metadata");
    TRY(const json::array all, fetch_list(client, kind, text_at(metadata, "namespace")));
    json::array out;
    for (const auto& item : all)
        for (const auto& reference : array_at(object_at(item.get_object(), "metadata"), "ownerReferences"))
            if (text_at(reference.get_object(), "uid") == text_at(metadata, "uid")) out.push_back(item);
    return out;
}

Result<std::vector<json::object>> fetch_events(Client& client, const json::object& object) {
    const json::object& metadata = object_at(object, "metadata");
    const std::string ns = text_at(metadata, "namespace");
    const std::string selector =
        fmt::format("involvedObject.name={},involvedObject.kind={}{}", text_at(metadata, "name"), text_at(object, "kind"),
                    ns.empty() ? "" : ",involvedObject.uid=" + text_at(metadata, "uid"));
    TRY(const json::array items, fetch_list(client, api::kind_of<api::Event>(), ns, "?fieldSelector=" + escape(selector)));
    return sort_events(items);
}

Result<json::array> fetch_neighbours(Client& client, const Neighbours& wanted, const json::object& object) {
    const json::object& metadata = object_at(object, "metadata");
    switch (wanted.of) {
        case Neighbours::Of::owner: return fetch_owned(client, wanted.kind(), object);
        case Neighbours::Of::inside: return fetch_list(client, wanted.kind(), text_at(metadata, "name"));
        case Neighbours::Of::beside: return fetch_list(client, wanted.kind(), text_at(metadata, "namespace"));
        case Neighbours::Of::cluster: return fetch_list(client, wanted.kind(), "");
        case Neighbours::Of::label: {
            const std::string selector = fmt::format("{}={}", wanted.label, text_at(metadata, "name"));
            return fetch_list(client, wanted.kind(), text_at(metadata, "namespace"), "?labelSelector=" + escape(selector));
        }
        case Neighbours::Of::nothing: break;
    }
    return json::array();
}

Result<Surroundings> fetch_surroundings(Client& client, const Options& options, const json::object& object) {
    const KindDescription& how = description_of(object);
    Surroundings out;
    out.now_unix_s = time(nullptr);
    for (const Neighbours* wanted : {&how.neighbours, &how.more_neighbours}) {
        if (!wanted->into) continue;
        TRY(out.*(wanted->into), fetch_neighbours(client, *wanted, object));
    }
    if (options.show_events) {
        TRY(out.events, fetch_events(client, object));
    }
    return out;
}

/// What a target names: itself, the members of a collection, or, when nothing has that name, what begins with it.
Result<json::array> find_described(Client& client, const Options& options, const Target& target) {
    auto found = fetch(client, options, target);
    if (found) return target.name.empty() ? array_at(*found, "items") : json::array{*found};
    const bool one_name = options.args.size() == 2 && options.args[0].find('/') == std::string::npos;
    if (found.error().code() != Code::not_found || !one_name) return std::move(found).error();
    Target collection = target;
    collection.name.clear();
    TRY(const json::object list, fetch(client, options, collection));
    json::array out;
    for (const auto& item : array_at(list, "items"))
        if (text_at(object_at(item.get_object(), "metadata"), "name").starts_with(target.name)) out.push_back(item);
    if (out.empty()) return std::move(found).error();
    return out;
}

Result<void> describe_one(Client& client, const Options& options, json::object object, const api::KindInfo& kind, bool first) {
    object["apiVersion"] = std::string(kind.api_version);  // items of a list go without
    object["kind"] = std::string(kind.kind);
    TRY(const Surroundings around, fetch_surroundings(client, options, object));
    print((first ? "" : "\n\n") + render_description(object, around));
    return ok();
}

}  // namespace

Result<void> run_describe(Client& client, const Options& options) {
    if (options.args.empty() && options.files.empty())
        return usage(
            "You must specify the type of resource to describe. Use \"orilla api-resources\" for a complete list of supported "
            "resources.");
    TRY(const auto targets, find_targets(options, options.args));
    TRY_VOID(check_targets(targets, options, false));
    bool first = true;
    Failures failures;
    for (const auto& target : targets) {
        const auto items = find_described(client, options, target);
        failures.add_if(items);
        if (!items) continue;
        for (const auto& item : *items) {
            failures.add_if(describe_one(client, options, item.get_object(), *target.kind, first));
            first = false;
        }
    }
    if (!first || failures.any()) return failures.outcome();
    complain(fmt::format("No resources found{}\n",
                         options.all_namespaces ? "" : fmt::format(" in {} namespace.", namespace_of(options))));
    return ok();
}

}  // namespace orilla::cli

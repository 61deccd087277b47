#include <boost/json.hpp>

#include "output.hpp"
#include "verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

Result<void> print_table(Client& client, const Options& options, const Target& target, bool many, bool* any) {
    Request request;
    const std::string ns = namespace_for(*target.kind, options);
    request.path = path_of(*target.kind, ns, target.name) + (target.name.empty() ? list_query(options) : "");
    request.accept = accept_table;
    auto body = client.send(request);
    if (!body && options.ignore_not_found && body.error().code() == Code::not_found) return ok();
    if (!body) return std::move(body).error();
    TRY(json::object table, parse_object(*body));
    if (array_at(table, "rows").empty()) return ok();
    TablePrinter printer{options, *target.kind, many, false, {}, {}, {}};
    const std::string text = printer.render(table);
    print((*any && many ? "\n" : "") + text);
    *any = true;
    return ok();
}

Result<json::object> fetch(Client& client, const Options& options, const Target& target) {
    Request request;
    const std::string ns = namespace_for(*target.kind, options);
    request.path = path_of(*target.kind, ns, target.name) + (target.name.empty() ? list_query(options) : "");
    TRY(std::string body, client.send(request));
    return parse_object(body);
}

/// The objects of every target; a single named one stays itself, all else becomes a List.
Result<json::object> fetch_all(Client& client, const Options& options, const std::vector<Target>& targets) {
    json::array items;
    for (const auto& target : targets) {
        auto found = fetch(client, options, target);
        if (!found && options.ignore_not_found && found.error().code() == Code::not_found) continue;
        if (!found) return std::move(found).error();
        if (!target.name.empty() && targets.size() == 1) return found;
        if (!target.name.empty()) items.emplace_back(std::move(*found));
        for (const auto& item : target.name.empty() ? array_at(*found, "items") : json::array()) {
            json::object one = item.get_object();
            json::object whole{{"apiVersion", std::string(target.kind->api_version)}, {"kind", std::string(target.kind->kind)}};
            for (auto& field : one)
                if (field.key() != "apiVersion" && field.key() != "kind") whole[field.key()] = field.value();
            items.emplace_back(std::move(whole));
        }
    }
    return json::object{{"apiVersion", "v1"}, {"items", std::move(items)}, {"kind", "List"}, {"metadata", {{"resourceVersion", ""}}}};
}

void print_name(const json::object& object) {
    const auto* kind = api::find_kind(text_at(object, "apiVersion"), text_at(object, "kind"));
    if (kind) print(display_name(*kind, text_at(object_at(object, "metadata"), "name")) + "\n");
}

Result<void> print_objects(Client& client, const Options& options, const std::vector<Target>& targets) {
    TRY(json::object found, fetch_all(client, options, targets));
    if (options.output == "name") {
        if (!found.contains("items")) print_name(found);
        for (const auto& item : array_at(found, "items")) print_name(item.get_object());
        return ok();
    }
    TRY(std::string text, render_object(json::serialize(found), options));
    print(text);
    return ok();
}

/// One watch event: tables as rows, other formats as documents.
Result<void> print_event(std::string_view line, TablePrinter& printer, const Options& options) {
    TRY(json::object event, parse_object(line));
    const json::object& object = object_at(event, "object");
    const std::string type = text_at(event, "type");
    if (type == "BOOKMARK") return ok();
    if (type == "ERROR") return Error(Code::internal, "error: " + text_at(object, "message"));
    if (options.output == "name") {
        print_name(object);
    } else if (is_machine_output(options.output)) {
        TRY(std::string text, render_object(json::serialize(object), options));
        if (options.output == "yaml") text.insert(0, "---\n");
        print(text);
    } else {
        print(printer.render(object));
    }
    fflush(stdout);
    return ok();
}

Result<void> watch(Client& client, Options options, const Target& target) {
    const std::string ns = namespace_for(*target.kind, options);
    if (!target.name.empty()) options.field_selector = "metadata.name=" + target.name;
    Request request;
    request.accept = is_machine_output(options.output) ? accept_json : accept_table;
    request.path = path_of(*target.kind, ns) + list_query(options, options.watch_only ? "" : "");
    std::string from = "watch=true";
    if (options.watch_only) {
        Request list = request;
        list.accept = accept_json;
        TRY(std::string body, client.send(list));
        TRY(json::object found, parse_object(body));
        from += "&resourceVersion=" + text_at(object_at(found, "metadata"), "resourceVersion");
    }
    request.path = path_of(*target.kind, ns) + list_query(options, from);
    TablePrinter printer{options, *target.kind, false, false, {}, {}, {}};
    Result<void> failed = ok();
    std::function<bool(std::string_view)> sink = [&](std::string_view line) {
        failed = print_event(line, printer, options);
        return failed.has_value();
    };
    TRY_VOID(client.stream_lines(request, sink));
    return failed;
}

}  // namespace

Result<void> run_get(Client& client, const Options& options) {
    TRY(auto targets, parse_targets(options.args));
    if (options.watch || options.watch_only) {
        if (targets.size() != 1) return Error(Code::bad_request, "error: you may only specify a single resource type to watch");
        return watch(client, options, targets[0]);
    }
    if (is_machine_output(options.output)) return print_objects(client, options, targets);
    bool any = false;
    const bool many = std::any_of(targets.begin(), targets.end(), [&](const auto& t) { return t.kind != targets[0].kind; });
    for (const auto& target : targets) TRY_VOID(print_table(client, options, target, many, &any));
    if (!any && !options.ignore_not_found)
        fprintf(stderr, "%s\n", options.all_namespaces || !targets[0].kind->namespaced
                                    ? "No resources found"
                                    : ("No resources found in " + options.ns + " namespace.").c_str());
    return ok();
}

Result<void> run_events(Client& client, const Options& options) {
    Options listing = options;
    listing.args = {"events"};
    if (!options.wait_for.empty()) {  // --for TYPE/NAME
        TRY(auto targets, parse_targets({options.wait_for}));
        listing.field_selector = "involvedObject.kind=" + std::string(targets[0].kind->kind) + ",involvedObject.name=" + targets[0].name;
    }
    if (!options.types.empty()) listing.field_selector += (listing.field_selector.empty() ? "type=" : ",type=") + options.types;
    return run_get(client, listing);
}

}  // namespace orilla::cli

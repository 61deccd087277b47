#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "print/output.hpp"
#include "targets.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr std::string_view get_outputs = "custom-columns,json,jsonpath,name,wide,yaml";

bool is_absent(const Options& options, const Error& error) {
    return options.ignore_not_found && error.code() == Code::not_found;
}

std::string nothing_found(const Options& options, const std::vector<Target>& targets) {
    const bool namespaced = std::ranges::all_of(targets, [](const Target& target) { return target.kind->namespaced; });
    if (options.all_namespaces || !namespaced) return "No resources found";
    return fmt::format("No resources found in {} namespace.", namespace_of(options));
}

Result<json::object> fetch_table(Client& client, const Options& options, const Target& target) {
    Request request;
    request.accept = accept_table;
    const std::string extra = options.sort_by.empty() ? "" : "includeObject=Object";
    request.path = path_of(target);
    if (target.name.empty()) request.path += list_query(options, extra);
    else if (!extra.empty()) request.path += "?" + extra;
    TRY(const std::string body, client.send(request));
    return parse_object(body);
}

Result<void> print_tables(Client& client, const Options& options, const std::vector<Target>& targets) {
    std::vector<KindTable> tables;
    Failures failures;
    for (const auto& target : targets) {
        auto table = fetch_table(client, options, target);
        if (table) tables.push_back({target.kind, std::move(*table)});
        else if (!is_absent(options, table.error())) failures.add(table.error());
    }
    TRY(const std::string text, render_tables(options, tables));
    print(text);
    if (text.empty() && !options.ignore_not_found && !failures.any()) complain(nothing_found(options, targets) + "\n");
    return failures.outcome();
}

/// Items of a list go without kind and apiVersion.
json::object with_type(const json::object& item, const api::KindInfo& kind) {
    json::object out = item;
    out["apiVersion"] = std::string(kind.api_version);
    out["kind"] = std::string(kind.kind);
    return out;
}

Result<void> print_objects(Client& client, const Options& options, const std::vector<Target>& targets) {
    std::vector<json::object> objects;
    Failures failures;
    for (const auto& target : targets) {
        auto found = fetch(client, options, target);
        if (!found && is_absent(options, found.error())) continue;
        if (!found) {
            failures.add(found.error());
        } else if (!target.name.empty()) {
            objects.push_back(std::move(*found));
        } else {
            for (const auto& item : array_at(*found, "items")) objects.push_back(with_type(item.get_object(), *target.kind));
        }
    }
    const bool single = targets.size() == 1 && !targets[0].name.empty();
    if (objects.empty() && (single || failures.any())) return failures.outcome();
    TRY(const std::string text, render_objects(options, objects, single));
    print_value(text);
    return failures.outcome();
}

/// One watch event: tables as rows, other formats as documents.
Result<void> print_event(std::string_view line, TablePrinter& printer, const Options& options) {
    TRY(json::object event, parse_object(line));
    const json::object& object = object_at(event, "object");
    const std::string type = text_at(event, "type");
    if (type == "BOOKMARK") return ok();
    if (type == "ERROR") return Error(Code::internal, "error: " + text_at(object, "message"));
    if (is_machine_output(options.output)) {
        TRY(std::string text, render_objects(options, {object}, true));
        if (options.output == "yaml") text.insert(0, "---\n");
        print_value(text);
    } else {
        print(printer.render(object));
    }
    flush_output();
    return ok();
}

/// Where a watch goes on after what was printed, or, with --watch-only, after now.
Result<std::string> print_before_watch(Client& client, const Options& options, const Target& target, TablePrinter& printer) {
    Request request;
    request.accept = is_machine_output(options.output) ? accept_json : accept_table;
    request.path = path_of(target) + (target.name.empty() ? list_query(options) : "");
    TRY(const std::string body, client.send(request));
    TRY(json::object found, parse_object(body));
    const std::string revision = text_at(object_at(found, "metadata"), "resourceVersion");
    if (options.watch_only) return revision;
    if (!is_machine_output(options.output)) {
        if (!array_at(found, "rows").empty()) print(printer.render(found));
    } else {
        std::vector<json::object> objects;
        if (!target.name.empty()) objects.push_back(found);
        for (const auto& item : array_at(found, "items")) objects.push_back(with_type(item.get_object(), *target.kind));
        for (const auto& object : objects) {
            TRY(std::string text, render_objects(options, {object}, true));
            if (options.output == "yaml" && &object != &objects[0]) text.insert(0, "---\n");
            print_value(text);
        }
    }
    flush_output();
    return revision;
}

Result<void> watch(Client& client, Options options, const Target& target) {
    TablePrinter printer{options, *target.kind, false, false, {}, {}, {}};
    TRY(const std::string revision, print_before_watch(client, options, target, printer));
    if (!target.name.empty()) options.field_selector = "metadata.name=" + target.name;
    Request request;
    request.accept = is_machine_output(options.output) ? accept_json : accept_table;
    request.path = path_of(*target.kind, target.ns) + list_query(options, "watch=true&resourceVersion=" + revision);
    Result<void> failed = ok();
    std::function<bool(std::string_view)> sink = [&](std::string_view line) {
        failed = print_event(line, printer, options);
        return failed.has_value();
    };
    TRY_VOID(client.stream_lines(request, sink));
    return failed;
}

Result<void> print_raw(Client& client, const Options& options) {
    TRY_VOID(refuse_words(options));
    if (!options.raw.starts_with('/')) return usage("--raw must be a path of the server, such as /version");
    Request request;
    request.path = options.raw;
    request.accept = "*/*";
    return client.stream(request, [](std::string_view piece) {
        print_value(piece);
        return true;
    });
}

}  // namespace

Result<void> run_get(Client& client, const Options& options) {
    TRY_VOID(check_output(options, get_outputs));
    if (!options.raw.empty()) return print_raw(client, options);
    if (options.args.empty() && options.files.empty())
        return Error(
            Code::bad_request,
            "You must specify the type of resource to get. Use \"orilla api-resources\" for a complete list of "
            "supported resources.\n\nerror: Required resource not specified.\nUse \"orilla explain <resource>\" for a "
            "detailed description of that resource (e.g. orilla explain pods).\nSee 'orilla get -h' for help and examples");
    TRY(const auto targets, find_targets(options, options.args));
    TRY_VOID(check_targets(targets, options, false));
    if (options.watch || options.watch_only) {
        if (targets.size() != 1) return usage("you may only specify a single resource type");
        if (!options.sort_by.empty())
            complain("warning: --watch requested, --sort-by will be ignored for watch events received\n");
        return watch(client, options, targets[0]);
    }
    return is_machine_output(options.output) ? print_objects(client, options, targets) : print_tables(client, options, targets);
}

}  // namespace orilla::cli

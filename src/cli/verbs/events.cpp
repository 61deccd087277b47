#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>
#include <ctime>

#include "describe/event_list.hpp"
#include "orilla/kinds/types.hpp"
#include "print/output.hpp"
#include "targets.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

/// TYPE of --types, in the way the API spells it.
Result<std::vector<std::string>> parse_types(const Options& options) {
    std::vector<std::string> out;
    for (const auto& type : options.event_types) {
        if (strcasecmp(type.c_str(), "Normal") == 0) out.emplace_back("Normal");
        else if (strcasecmp(type.c_str(), "Warning") == 0) out.emplace_back("Warning");
        else return usage("valid --types are Normal or Warning");
    }
    return out;
}

/// --for TYPE/NAME as a field selector.
Result<std::string> plan_selector(const Options& options) {
    if (options.wait_for.empty()) return std::string();
    if (options.wait_for.find('/') == std::string::npos) return usage("--for must be in resource/name form");
    TRY(const auto targets, parse_targets({options.wait_for}, options));
    return fmt::format("involvedObject.kind={},involvedObject.name={}", targets[0].kind->kind, targets[0].name);
}

std::vector<std::string> event_row(const Options& options, const json::object& event) {
    const json::object& about = object_at(event, "involvedObject");
    std::vector<std::string> row;
    if (options.all_namespaces) row.push_back(text_at(object_at(event, "metadata"), "namespace"));
    for (const auto& cell : {event_age(event, time(nullptr)), text_at(event, "type"), text_at(event, "reason"),
                             fmt::format("{}/{}", text_at(about, "kind"), text_at(about, "name"))})
        row.push_back(cell);
    std::string message = text_at(event, "message");
    message.erase(message.find_last_not_of(" \n") + 1);
    row.push_back(std::move(message));
    return row;
}

class EventPrinter {
  public:
    EventPrinter(const Options& options, std::vector<std::string> types) : options_(options), types_(std::move(types)) {}

    Result<void> print_all(const std::vector<json::object>& events) {
        std::vector<json::object> wanted;
        for (const auto& event : events)
            if (types_.empty() || std::ranges::find(types_, text_at(event, "type")) != types_.end()) wanted.push_back(event);
        if (wanted.empty()) return ok();
        printed_ = true;
        if (is_machine_output(options_.output)) {
            TRY(const std::string text, render_objects(options_, wanted, options_.watch));
            print_value(text);
        } else {
            TextTable table;
            if (!options_.no_headers && !headed_) table.add(header());
            headed_ = true;
            for (const auto& event : wanted) table.add(event_row(options_, event));
            print(table.render());
        }
        flush_output();
        return ok();
    }

    bool printed() const { return printed_; }

  private:
    std::vector<std::string> header() const {
        std::vector<std::string> out{"LAST SEEN", "TYPE", "REASON", "OBJECT", "MESSAGE"};
        if (options_.all_namespaces) out.insert(out.begin(), "NAMESPACE");
        return out;
    }

    const Options& options_;
    std::vector<std::string> types_;
    bool printed_ = false;
    bool headed_ = false;
};

Result<void> follow_events(Client& client, const std::string& path, EventPrinter& printer) {
    Request request;
    request.path = path;
    Result<void> failed = ok();
    const std::function<bool(std::string_view)> sink = [&](std::string_view line) {
        auto event = parse_object(line);
        const std::string type = event ? text_at(*event, "type") : "ERROR";
        if (type == "ERROR") failed = Error(Code::internal, "error: the watch ended");
        else if (type == "ADDED" || type == "MODIFIED") failed = printer.print_all({object_at(*event, "object")});
        return failed.has_value();
    };
    TRY_VOID(client.stream_lines(request, sink));
    return failed;
}

}  // namespace

Result<void> run_events(Client& client, const Options& given) {
    TRY_VOID(check_output(given, change_outputs));
    TRY_VOID(refuse_words(given));
    TRY(auto types, parse_types(given));
    Options options = given;
    TRY(options.field_selector, plan_selector(options));
    const api::KindInfo& kind = api::kind_of<api::Event>();
    const std::string path = path_of(kind, namespace_for(kind, options));
    Request request;
    request.path = path + list_query(options);
    TRY(const std::string body, client.send(request));
    TRY(const json::object list, parse_object(body));
    EventPrinter printer(options, std::move(types));
    TRY_VOID(printer.print_all(sort_events(array_at(list, "items"))));
    if (options.watch)
        return follow_events(
            client,
            path + list_query(options, "watch=true&resourceVersion=" + text_at(object_at(list, "metadata"), "resourceVersion")),
            printer);
    if (printer.printed()) return ok();
    complain(fmt::format("No events found{}.\n",
                         options.all_namespaces ? "" : fmt::format(" in {} namespace", namespace_of(options))));
    return ok();
}

}  // namespace orilla::cli

// Events.
#include <algorithm>

#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_event(const Event& event, FieldErrors& errors) {
    const Path involved("involvedObject");
    bool cluster_scoped = event.involved_object.namespace_.empty() && event.metadata.namespace_ == "default";
    if (event.involved_object.namespace_ != event.metadata.namespace_ && !cluster_scoped)
        errors.invalid(involved / "namespace", event.involved_object.namespace_, "does not match event.namespace");
}

std::string lower_case(std::string_view text) {
    std::string out(text);
    for (char& c : out)
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    return out;
}

std::string source_text(const Event& event) {
    std::vector<std::string> items;
    std::string_view component = event.source.component.empty() ? event.reporting_component : event.source.component;
    std::string_view host = event.source.host.empty() ? event.reporting_instance : event.source.host;
    if (!component.empty()) items.emplace_back(component);
    if (!host.empty()) items.push_back((items.empty() ? "" : " ") + std::string(host));
    return join_text(items);
}

std::string trimmed(std::string_view text) {
    size_t first = text.find_first_not_of(" \t\r\n");
    if (first == text.npos) return {};
    return std::string(text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1));
}

Row render_event(const Event& event, int64_t now) {
    std::string first = event.first_timestamp ? render_age(event.first_timestamp, now) : render_age(event.event_time, now);
    std::string last = event.last_timestamp ? render_age(event.last_timestamp, now) : first;
    int64_t count = std::max<int64_t>(event.count, 1);
    if (event.series) {
        last = render_age(event.series->last_observed_time, now);
        count = event.series->count;
    }
    std::string object = lower_case(event.involved_object.kind);
    if (!event.involved_object.name.empty()) object += "/" + event.involved_object.name.str();
    return {last,
            event.type.view(),
            event.reason.view(),
            object,
            event.involved_object.field_path.view(),
            source_text(event),
            trimmed(event.message),
            first,
            count,
            event.metadata.name.view()};
}

}  // namespace

const KindRules event_rules = {
    .check = checked<Event, check_event>,
    .row = rendered<Event, render_event>,
};

}  // namespace orilla::api

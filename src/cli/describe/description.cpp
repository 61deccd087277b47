#include "describe/description.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>
#include <ctime>

#include "describe/event_list.hpp"
#include "describe/kind_descriptions.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/values.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr size_t tab_gap = 2;

std::vector<std::string> split(std::string_view text, char separator) {
    std::vector<std::string> out;
    for (size_t from = 0; from <= text.size();) {
        const size_t end = std::min(text.find(separator, from), text.size());
        out.emplace_back(text.substr(from, end - from));
        from = end + 1;
    }
    return out;
}

/// The width of each cell that a tab ends: that of the widest of its column in the lines next to it that have one.
std::vector<std::vector<size_t>> measure(const std::vector<std::vector<std::string>>& lines) {
    std::vector<std::vector<size_t>> widths(lines.size());
    for (size_t i = 0; i < lines.size(); ++i) widths[i].resize(lines[i].size() - 1);
    for (size_t i = 0; i < lines.size(); ++i)
        for (size_t column = 0; column < widths[i].size(); ++column) {
            if (widths[i][column] > 0) continue;
            size_t end = i, widest = 0;
            for (; end < lines.size() && widths[end].size() > column; ++end)
                widest = std::max(widest, width_of(lines[end][column]));
            for (size_t k = i; k < end; ++k) widths[k][column] = widest + tab_gap;
        }
    return widths;
}

void describe_events(Description& out, const std::vector<json::object>& events, int64_t now_unix_s) {
    if (events.empty()) return out.line(0, "Events:\t<none>");
    out.line(0, "Events:\n  Type\tReason\tAge\tFrom\tMessage\n  ----\t------\t----\t----\t-------");
    for (const auto& event : events) {
        const std::string source = text_at(object_at(event, "source"), "component");
        out.line(1, fmt::format("{}\t{}\t{}\t{}\t{}", text_at(event, "type"), text_at(event, "reason"),
                                event_age(event, now_unix_s), source.empty() ? text_at(event, "reportingComponent") : source,
                                cell_text(text_at(event, "message"))));
    }
}

}  // namespace

std::string align_tabs(std::string_view text) {
    if (text.empty()) return "";
    std::vector<std::vector<std::string>> lines;
    for (const auto& line : split(text.ends_with('\n') ? text.substr(0, text.size() - 1) : text, '\n'))
        lines.push_back(split(line, '\t'));
    const auto widths = measure(lines);
    std::string out;
    for (size_t i = 0; i < lines.size(); ++i) {
        for (size_t column = 0; column < widths[i].size(); ++column)
            out += lines[i][column] + std::string(widths[i][column] - width_of(lines[i][column]), ' ');
        out += lines[i].back() + "\n";
    }
    return out;
}

void Description::line(int level, const std::string& text) {
    text_ += fmt::format("{}{}\n", std::string(static_cast<size_t>(level) * 2, ' '), terminal_text(text));
}

void Description::field(int level, const std::string& name, const std::string& value) {
    line(level, fmt::format("{}:\t{}", name, value.empty() ? "<none>" : value));
}

void Description::map(const std::string& name, const json::object& values, std::string_view separator,
                      const std::string& indent) {
    std::vector<std::string> lines;
    for (const auto& item : values) {
        if (item.key() == api::last_applied_annotation) continue;
        std::string value = text_of(item.value());
        if (value.find('\n') != std::string::npos) value = cell_text(value);
        lines.push_back(std::string(item.key()) + std::string(separator) + value);
    }
    std::ranges::sort(lines);
    if (lines.empty()) lines.emplace_back("<none>");
    std::string before = fmt::format("{}{}:\t", indent, name);
    for (const auto& text : lines) {
        line(0, before + text);
        before = indent + "\t";
    }
}

std::string long_time(const std::string& rfc3339) {
    const auto time = api::Time::parse(rfc3339);
    if (!time) return rfc3339.empty() ? "<unset>" : rfc3339;
    const time_t seconds = time->unix_s;
    tm parts{};
    gmtime_r(&seconds, &parts);
    static constexpr const char* days[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    static constexpr const char* months[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                             "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    return fmt::format("{}, {:02} {} {:04} {:02}:{:02}:{:02} +0000", days[parts.tm_wday], parts.tm_mday, months[parts.tm_mon],
                       parts.tm_year + 1900, parts.tm_hour, parts.tm_min, parts.tm_sec);
}

std::string render_description(const json::object& object, const Surroundings& around) {
    const KindDescription& how = description_of(object);
    Description out;
    out.field(0, "Name", text_at(metadata_of(object), "name"));
    if (metadata_of(object).contains("namespace")) out.field(0, "Namespace", text_at(metadata_of(object), "namespace"));
    how.describe(out, object, around);
    const std::string verbatim = how.verbatim ? how.verbatim(object) : "";
    const bool shows_events = around.events && how.shows_events;
    if (shows_events && verbatim.empty()) describe_events(out, *around.events, around.now_unix_s);
    std::string text = out.render() + verbatim;
    if (!shows_events || verbatim.empty()) return text;
    Description events;
    describe_events(events, *around.events, around.now_unix_s);
    return text + events.render();
}

}  // namespace orilla::cli

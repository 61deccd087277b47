#include "orilla/kinds/table.hpp"

#include <fmt/core.h>

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/kind_rules.hpp"
#include "orilla/kinds/selectors.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void append_member(std::string& out, std::string_view name, std::string_view text) {
    out += '"';
    out += name;
    out += "\":";
    append_json_string(out, text);
}

/// Of a kind that declares none, for the cells that every object has.
constexpr ColumnInfo common_columns[] = {
    {"Name", "string", "name", "The name of the object, in its namespace the only one of its kind.", 0},
    {"Created At", "date", "", "When the object was made.", 0},
};

void append_column(std::string& out, const ColumnInfo& column) {
    out += '{';
    append_member(out, "name", column.name);
    out += ',';
    append_member(out, "type", column.type);
    out += ',';
    append_member(out, "format", column.format);
    out += ',';
    append_member(out, "description", column.meaning);
    out += fmt::format(",\"priority\":{}}}", column.priority);
}

}  // namespace

std::string or_none(std::string_view text) { return std::string(text.empty() ? nothing_text : text); }

std::string join_text(const std::vector<std::string>& items) {
    std::string text;
    for (size_t i = 0; i < items.size(); ++i) text += (i == 0 ? "" : ",") + items[i];
    return text;
}

std::string first_three_text(const std::vector<std::string>& items, std::string_view nothing) {
    constexpr size_t shown_max = 3;
    if (items.empty()) return std::string(nothing);
    if (items.size() <= shown_max) return join_text(items);
    return fmt::format("{} + {} more...", join_text({items.begin(), items.begin() + shown_max}), items.size() - shown_max);
}

std::string labels_text(const Map<Str>& labels) {
    std::vector<std::string> items;
    for (const auto& label : labels) items.push_back(fmt::format("{}={}", label.key, label.value));
    return items.empty() ? std::string(nothing_text) : join_text(items);
}

std::string selector_text(const Box<LabelSelector>& selector) {
    if (!selector) return std::string(nothing_text);
    auto parsed = selector_of(*selector);
    return parsed ? or_none(parsed->to_string()) : "<invalid>";
}

std::string container_names_text(const PodSpec& spec) {
    std::vector<std::string> items;
    for (const Container& container : spec.containers) items.push_back(container.name.str());
    return join_text(items);
}

std::string container_images_text(const PodSpec& spec) {
    std::vector<std::string> items;
    for (const Container& container : spec.containers) items.push_back(container.image.str());
    return join_text(items);
}

std::vector<Cell> render_row(const Object& object, int64_t now_unix_s) {
    if (const auto row = object.kind().rules->row) return row(object, now_unix_s);
    return {object.meta().name.view(), object.meta().creation_timestamp.format()};
}

void append_partial_metadata(std::string& out, const Object& object, std::string_view resource_version) {
    PartialObjectMetadata partial;
    partial.metadata = object.meta();
    if (!resource_version.empty()) partial.metadata.resource_version = resource_version;
    encode_to(out, type_info<PartialObjectMetadata>(), &partial);
}

void append_table_head(std::string& out, const KindInfo& kind, const TableHead& head) {
    out += R"({"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{)";
    if (!head.resource_version.empty()) append_member(out, "resourceVersion", head.resource_version);
    if (!head.continue_token.empty()) {
        if (!head.resource_version.empty()) out += ',';
        append_member(out, "continue", head.continue_token);
    }
    if (head.remaining_items) out += ",\"remainingItemCount\":" + std::to_string(*head.remaining_items);
    out += R"(},"columnDefinitions":)";
    if (!head.with_columns) {
        out += "null";
    } else {
        out += '[';
        for (const ColumnInfo& column : kind.columns.empty() ? std::span<const ColumnInfo>(common_columns) : kind.columns) {
            if (out.back() != '[') out += ',';
            append_column(out, column);
        }
        out += ']';
    }
    out += R"(,"rows":[)";
}

void append_table_row(std::string& out, const Object& object, std::string_view resource_version, IncludeObject include,
                      int64_t now_unix_s) {
    out += R"({"cells":[)";
    for (const Cell& cell : render_row(object, now_unix_s)) {
        if (out.back() != '[') out += ',';
        if (cell.is_bare) out += cell.text;
        else append_json_string(out, cell.text);
    }
    out += ']';
    const auto conditions_of = object.kind().rules->row_conditions;
    if (const std::string_view conditions = conditions_of ? conditions_of(object) : ""; !conditions.empty()) {
        out += R"(,"conditions":)";
        out += conditions;
    }
    out += R"(,"object":)";
    if (include == IncludeObject::none) {
        out += "null";
    } else if (include == IncludeObject::metadata) {
        append_partial_metadata(out, object, resource_version);
    } else {
        EncodeOptions options;
        options.resource_version = resource_version;
        out += encode(object, options);
    }
    out += '}';
}

void append_table_tail(std::string& out) { out += "]}"; }

}  // namespace orilla::api

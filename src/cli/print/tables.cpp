// Tables and lists of objects, as text. Pure.
#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "orilla/schema/jsonpath.hpp"
#include "print/output.hpp"
#include "served_kinds.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr size_t gap = 3, column_width_min = 3;  // as kubectl's table writer

void append_padded(std::string& out, const std::string& text, size_t width) {
    out += text;
    for (size_t i = width_of(text); i < std::max(width, column_width_min) + gap; ++i) out += ' ';
}

std::string labels_text(const json::object& labels) {
    std::vector<std::string> sorted;
    for (const auto& label : labels) sorted.push_back(fmt::format("{}={}", label.key(), text_of(label.value())));
    std::ranges::sort(sorted);
    std::string out;
    for (const auto& label : sorted) out += (out.empty() ? "" : ",") + label;
    return out.empty() ? "<none>" : out;
}

std::string upper(std::string text) {
    for (char& c : text) c = static_cast<char>(toupper(static_cast<unsigned char>(c)));
    return text;
}

const json::object& row_metadata(const json::value& row) {
    return object_at(object_at(row.get_object(), "object"), "metadata");
}

/// web2 before web10.
bool natural_less(std::string_view a, std::string_view b) {
    const auto digits = [](std::string_view text) { return std::min(text.find_first_not_of("0123456789"), text.size()); };
    while (!a.empty() && !b.empty()) {
        const size_t da = digits(a), db = digits(b);
        if (da > 0 && db > 0) {
            std::string_view na = a.substr(0, da), nb = b.substr(0, db);
            na.remove_prefix(std::min(na.find_first_not_of('0'), na.size()));
            nb.remove_prefix(std::min(nb.find_first_not_of('0'), nb.size()));
            if (na.size() != nb.size()) return na.size() < nb.size();
            if (na != nb) return na < nb;
            a.remove_prefix(da), b.remove_prefix(db);
            continue;
        }
        if (a[0] != b[0]) return a[0] < b[0];
        a.remove_prefix(1), b.remove_prefix(1);
    }
    return a.size() < b.size();
}

bool value_less(const std::string& a, const std::string& b) {
    double x = 0, y = 0;
    const auto to_number = [](const std::string& text, double& out) {
        const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), out);
        return failed == std::errc() && end == text.data() + text.size();
    };
    if (to_number(a, x) && to_number(b, y)) return x < y;
    return natural_less(a, b);
}

std::string name_of(const json::object& object) {
    const auto* kind = find_kind(text_at(object, "apiVersion"), text_at(object, "kind"));
    const std::string name = text_at(object_at(object, "metadata"), "name");
    return kind ? display_name(*kind, name) : name;
}

struct CustomColumn {
    std::string header, path;
};

Result<std::vector<CustomColumn>> parse_custom_columns(const std::string& spec) {
    std::vector<CustomColumn> out;
    for (size_t from = 0; from < spec.size();) {
        const size_t end = std::min(spec.find(',', from), spec.size());
        const std::string part = spec.substr(from, end - from);
        const size_t colon = part.find(':');
        if (colon == std::string::npos || colon == 0 || colon + 1 == part.size())
            return usage(fmt::format("unexpected custom-columns spec: {}, expected <header>:<json-path-expr>", part));
        out.push_back({part.substr(0, colon), part.substr(colon + 1)});
        from = end + 1;
    }
    return out;
}

Result<std::string> render_custom_columns(const Options& options, const std::vector<json::object>& objects) {
    TRY(const auto columns, parse_custom_columns(options.output.substr(options.output.find('=') + 1)));
    TextTable table;
    std::vector<std::string> header;
    for (const auto& column : columns) header.push_back(column.header);
    if (!options.no_headers) table.add(header);
    for (const auto& object : objects) {
        const std::string text = json::serialize(object);
        std::vector<std::string> row;
        for (const auto& column : columns) {
            TRY(const auto values, api::find_jsonpath(column.path, text));
            std::string cell;
            for (const auto& value : values) cell += (cell.empty() ? "" : ",") + value;
            row.push_back(values.empty() ? "<none>" : cell);
        }
        table.add(std::move(row));
    }
    return table.render();
}

/// The rows of one Table in the order that --sort-by wants.
Result<void> sort_rows(const Options& options, json::array& rows) {
    if (options.sort_by.empty()) return ok();
    std::vector<const json::object*> objects;
    for (const auto& row : rows) objects.push_back(&object_at(row.get_object(), "object"));
    TRY(const auto order, sort_objects(options.sort_by, objects));
    json::array sorted;
    for (size_t index : order) sorted.push_back(rows[index]);
    rows = std::move(sorted);
    return ok();
}

}  // namespace

void TextTable::add(std::vector<std::string> row) {
    for (auto& cell : row) cell = cell_text(cell);
    rows_.push_back(std::move(row));
}

std::string TextTable::render() const {
    std::vector<size_t> widths;
    for (const auto& row : rows_)
        for (size_t i = 0; i < row.size(); ++i) {
            if (i >= widths.size()) widths.push_back(0);
            widths[i] = std::max(widths[i], width_of(row[i]));
        }
    std::string out;
    for (const auto& row : rows_) {
        for (size_t i = 0; i + 1 < row.size(); ++i) append_padded(out, row[i], widths[i]);
        if (!row.empty()) out += row.back();
        out += '\n';
    }
    return out;
}

std::string cell_text(std::string_view text) {
    const size_t end = text.find_first_of("\n\r\f");
    std::string out = terminal_text(text.substr(0, end));
    std::ranges::replace(out, '\t', ' ');
    return end == std::string_view::npos ? out : out + "...";
}

std::string TablePrinter::render(const json::object& table) {
    const bool with_namespace = options.all_namespaces && kind.namespaced;
    if (columns.empty()) {
        if (with_namespace) columns.emplace_back("NAMESPACE"), priorities.push_back(0);
        for (const auto& column : array_at(table, "columnDefinitions")) {
            columns.push_back(upper(text_at(column.get_object(), "name")));
            priorities.push_back(static_cast<int>(number_at(column.get_object(), "priority")));
        }
        for (const auto& label : options.label_columns)
            columns.push_back(upper(label.substr(label.rfind('/') + 1))), priorities.push_back(0);
        if (options.show_labels) columns.emplace_back("LABELS"), priorities.push_back(0);
        widths.assign(columns.size(), 0);
    }
    std::vector<std::vector<std::string>> rows;
    if (!headers_done && !options.no_headers) rows.push_back(columns);
    for (const auto& item : array_at(table, "rows")) {
        const json::object& labels = object_at(row_metadata(item), "labels");
        std::vector<std::string> row;
        if (with_namespace) row.push_back(text_at(row_metadata(item), "namespace"));
        bool first = true;
        for (const auto& cell : array_at(item.get_object(), "cells")) {
            row.push_back(first && (prefix_kind || options.show_kind) ? display_name(kind, text_of(cell)) : text_of(cell));
            first = false;
        }
        for (const auto& label : options.label_columns) row.push_back(text_at(labels, label));
        if (options.show_labels) row.push_back(labels_text(labels));
        for (auto& cell : row) cell = cell_text(cell);
        rows.push_back(std::move(row));
    }
    headers_done = true;
    const bool wide = options.output == "wide";
    for (const auto& row : rows)
        for (size_t i = 0; i < row.size() && i < widths.size(); ++i) widths[i] = std::max(widths[i], width_of(row[i]));
    std::string out;
    for (const auto& row : rows) {
        std::string line;
        for (size_t i = 0; i < row.size() && i < widths.size(); ++i)
            if (wide || priorities[i] == 0) append_padded(line, row[i], widths[i]);
        line.erase(line.find_last_not_of(' ') + 1);
        out += line + "\n";
    }
    return out;
}

Result<std::string> render_tables(const Options& options, const std::vector<KindTable>& tables) {
    std::vector<KindTable> merged;  // neighbours of one kind become one
    for (const auto& one : tables) {
        if (merged.empty() || merged.back().kind != one.kind) {
            merged.push_back(one);
            continue;
        }
        json::value& rows = merged.back().table["rows"];
        if (!rows.is_array()) rows = json::array();
        for (const auto& row : array_at(one.table, "rows")) rows.get_array().push_back(row);
    }
    const bool many = std::ranges::any_of(merged, [&](const KindTable& one) { return one.kind != merged[0].kind; });
    std::string out;
    for (auto& one : merged) {
        json::value* rows = one.table.if_contains("rows");
        if (!rows || !rows->is_array() || rows->get_array().empty()) continue;
        TRY_VOID(sort_rows(options, rows->get_array()));
        TablePrinter printer{options, *one.kind, many, false, {}, {}, {}};
        out += (out.empty() || options.no_headers ? "" : "\n") + printer.render(one.table);
    }
    return out;
}

Result<std::vector<size_t>> sort_objects(const std::string& path, const std::vector<const json::object*>& objects) {
    std::vector<std::string> keys;
    bool found = false;
    for (const auto* object : objects) {
        TRY(const auto values, api::find_jsonpath(path, json::serialize(*object)));
        found |= !values.empty();
        keys.push_back(values.empty() ? "" : values[0]);
    }
    if (!found && !objects.empty())
        return usage(fmt::format("couldn't find any field with path \"{}\" in the list of objects", path));
    std::vector<size_t> order(objects.size());
    for (size_t i = 0; i < order.size(); ++i) order[i] = i;
    std::ranges::stable_sort(order, [&keys](size_t a, size_t b) { return value_less(keys[a], keys[b]); });
    return order;
}

Result<std::string> render_objects(const Options& options, const std::vector<json::object>& objects, bool single) {
    std::vector<json::object> sorted;
    std::vector<const json::object*> pointers;
    for (const auto& object : objects) pointers.push_back(&object);
    if (options.sort_by.empty()) {
        sorted = objects;
    } else {
        TRY(const auto order, sort_objects(options.sort_by, pointers));
        for (size_t index : order) sorted.push_back(objects[index]);
    }
    if (options.output == "name") {
        std::string out;
        for (const auto& object : sorted) out += name_of(object) + "\n";
        return out;
    }
    if (options.output.starts_with("custom-columns=")) return render_custom_columns(options, sorted);
    if (single && sorted.size() == 1) return render_object(json::serialize(sorted[0]), options);
    json::array items;
    for (auto& object : sorted) items.emplace_back(std::move(object));
    const json::object list{
        {"apiVersion", "v1"}, {"items", std::move(items)}, {"kind", "List"}, {"metadata", {{"resourceVersion", ""}}}};
    return render_object(json::serialize(list), options);
}

}  // namespace orilla::cli

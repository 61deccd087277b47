#include "output.hpp"

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>

#include "orilla/api/jsonpath.hpp"
#include "orilla/api/yaml.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr size_t gap = 3;

/// Printed width: continuation bytes of UTF-8 take no column.
size_t width_of(std::string_view text) {
    return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](unsigned char c) { return (c & 0xc0) != 0x80; }));
}

void append_padded(std::string& out, const std::string& text, size_t width) {
    out += text;
    for (size_t i = width_of(text); i < width + gap; ++i) out += ' ';
}

std::string labels_text(const json::object& labels) {
    std::string out;
    for (const auto& label : labels) out += (out.empty() ? "" : ",") + std::string(label.key()) + "=" + text_of(label.value());
    return out.empty() ? "<none>" : out;
}

void pretty(std::string& out, const json::value& value, const std::string& indent) {
    const std::string deeper = indent + "    ";
    if (value.is_object() && !value.get_object().empty()) {
        out += "{\n";
        bool first = true;
        for (const auto& item : value.get_object()) {
            if (!first) out += ",\n";
            first = false;
            out += deeper + json::serialize(json::string(item.key())) + ": ";
            pretty(out, item.value(), deeper);
        }
        out += "\n" + indent + "}";
    } else if (value.is_array() && !value.get_array().empty()) {
        out += "[\n";
        bool first = true;
        for (const auto& item : value.get_array()) {
            if (!first) out += ",\n";
            first = false;
            out += deeper;
            pretty(out, item, deeper);
        }
        out += "\n" + indent + "]";
    } else {
        out += json::serialize(value);
    }
}

}  // namespace

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

std::string text_of(const json::value& value) {
    if (value.is_null()) return "";
    if (value.is_string()) return std::string(value.get_string());
    return json::serialize(value);
}

std::string text_at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value ? text_of(*value) : std::string();
}

const json::object& object_at(const json::object& object, std::string_view key) {
    static const json::object none;
    const json::value* value = object.if_contains(key);
    return value && value->is_object() ? value->get_object() : none;
}

const json::array& array_at(const json::object& object, std::string_view key) {
    static const json::array none;
    const json::value* value = object.if_contains(key);
    return value && value->is_array() ? value->get_array() : none;
}

int64_t number_at(const json::object& object, std::string_view key, int64_t otherwise) {
    const json::value* value = object.if_contains(key);
    return value && value->is_int64() ? value->get_int64() : otherwise;
}

Result<json::object> parse_object(std::string_view text) {
    boost::system::error_code failed;
    json::value value = json::parse(text, failed);
    if (failed || !value.is_object()) return Error(Code::internal, "error: the server answered with something that is no object");
    return std::move(value.get_object());
}

std::string TablePrinter::render(const json::object& table) {
    if (columns.empty()) {
        if (options.all_namespaces && kind.namespaced) columns.emplace_back("NAMESPACE"), priorities.push_back(0);
        for (const auto& column : array_at(table, "columnDefinitions")) {
            std::string name = text_at(column.get_object(), "name");
            std::transform(name.begin(), name.end(), name.begin(), [](unsigned char c) { return toupper(c); });
            columns.push_back(name);
            priorities.push_back(static_cast<int>(number_at(column.get_object(), "priority")));
        }
        if (options.show_labels) columns.emplace_back("LABELS"), priorities.push_back(0);
        widths.assign(columns.size(), 0);
    }
    std::vector<std::vector<std::string>> rows;
    if (!headers_done && !options.no_headers) rows.push_back(columns);
    for (const auto& item : array_at(table, "rows")) {
        const json::object& metadata = object_at(object_at(item.get_object(), "object"), "metadata");
        std::vector<std::string> row;
        if (options.all_namespaces && kind.namespaced) row.push_back(text_at(metadata, "namespace"));
        bool first = true;
        for (const auto& cell : array_at(item.get_object(), "cells")) {
            row.push_back(first && prefix_kind ? display_name(kind, text_of(cell)) : text_of(cell));
            first = false;
        }
        if (options.show_labels) row.push_back(labels_text(object_at(metadata, "labels")));
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

bool is_machine_output(const std::string& output) { return !output.empty() && output != "wide"; }

std::string pretty_json(std::string_view text) {
    boost::system::error_code failed;
    const json::value value = json::parse(text, failed);
    if (failed) return std::string(text);
    std::string out;
    pretty(out, value, "");
    return out + "\n";
}

Result<std::string> render_object(const std::string& text, const Options& options) {
    if (options.output == "json") return pretty_json(text);
    if (options.output == "yaml") return api::render_yaml(text);
    if (options.output.rfind("jsonpath=", 0) == 0) return api::render_jsonpath(options.output.substr(9), text);
    return Error(Code::bad_request, "error: unable to match a printer suitable for the output format \"" + options.output +
                                        "\", allowed formats are: json,name,wide,yaml,jsonpath=TEMPLATE");
}

void print(std::string_view text) { fwrite(text.data(), 1, text.size(), stdout); }

int fail(const Error& error) {
    fflush(stdout);
    fprintf(stderr, "%s\n", error.message().c_str());
    if (error.causes().size() > 1)
        for (const auto& cause : error.causes()) fprintf(stderr, "* %s: %s\n", cause.field.c_str(), cause.message.c_str());
    return error.code() == Code::bad_request ? 2 : 1;
}

}  // namespace orilla::cli

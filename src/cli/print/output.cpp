#include "print/output.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "orilla/schema/codec.hpp"
#include "orilla/schema/jsonpath.hpp"
#include "orilla/schema/yaml.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

/// A scalar as Go writes it: what HTML gives a meaning to is escaped, and the two line breaks that JavaScript does not take.
std::string json_text(const json::value& value) {
    std::string out;
    const std::string text = json::serialize(value);
    for (size_t i = 0; i < text.size(); ++i) {
        const std::string_view rest = std::string_view(text).substr(i);
        if (text[i] == '<') out += "\\u003c";
        else if (text[i] == '>') out += "\\u003e";
        else if (text[i] == '&') out += "\\u0026";
        else if (rest.starts_with("\xe2\x80\xa8")) out += "\\u2028", i += 2;
        else if (rest.starts_with("\xe2\x80\xa9")) out += "\\u2029", i += 2;
        else out += text[i];
    }
    return out;
}

/// For people's terminals: the control characters that JSON lets through are escaped as well.
std::string shown_json_text(const json::value& value) {
    std::string out;
    const std::string text = json_text(value);
    for (size_t i = 0; i < text.size(); ++i) {
        const bool wide = static_cast<unsigned char>(text[i]) == 0xc2 && i + 1 < text.size() &&
                          static_cast<unsigned char>(text[i + 1]) < 0xa0;
        if (!wide && text[i] != 0x7f) {
            out += text[i];
            continue;
        }
        out += fmt::format("\\u{:04x}", static_cast<unsigned char>(wide ? text[++i] : text[i]));
    }
    return out;
}

std::vector<const json::key_value_pair*> sorted_fields(const json::object& object) {
    std::vector<const json::key_value_pair*> out;
    for (const auto& field : object) out.push_back(&field);
    std::ranges::sort(out, {}, [](const auto* field) { return std::string_view(field->key()); });
    return out;
}

void compact(std::string& out, const json::value& value) {
    const char* separator = "";
    if (value.is_object()) {
        out += '{';
        for (const auto* field : sorted_fields(value.get_object())) {
            out += fmt::format("{}{}:", separator, json_text(json::string(field->key())));
            compact(out, field->value());
            separator = ",";
        }
        out += '}';
    } else if (value.is_array()) {
        out += '[';
        for (const auto& item : value.get_array()) {
            out += separator;
            compact(out, item);
            separator = ",";
        }
        out += ']';
    } else {
        out += json_text(value);
    }
}

void pretty(std::string& out, const json::value& value, const std::string& indent) {
    const std::string deeper = indent + "    ";
    const char* separator = "";
    if (value.is_object() && !value.get_object().empty()) {
        out += "{\n";
        for (const auto* field : sorted_fields(value.get_object())) {
            out += fmt::format("{}{}{}: ", separator, deeper, shown_json_text(json::string(field->key())));
            pretty(out, field->value(), deeper);
            separator = ",\n";
        }
        out += "\n" + indent + "}";
    } else if (value.is_array() && !value.get_array().empty()) {
        out += "[\n";
        for (const auto& item : value.get_array()) {
            out += separator + deeper;
            pretty(out, item, deeper);
            separator = ",\n";
        }
        out += fmt::format("\n{}]", indent);
    } else {
        out += shown_json_text(value);
    }
}

}  // namespace

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

json::value parse_json(std::string_view text, boost::system::error_code& failed) {
    json::parse_options options;
    options.max_depth = api::json_depth_max;
    return json::parse(text, failed, {}, options);
}

Result<json::object> parse_object(std::string_view text) {
    boost::system::error_code failed;
    json::value value = parse_json(text, failed);
    if (failed || !value.is_object())
        return Error(Code::internal, "error: the server answered with something that is no object");
    return std::move(value.get_object());
}

bool is_machine_output(const std::string& output) { return !output.empty() && output != "wide"; }

std::string pretty_json(std::string_view text) {
    boost::system::error_code failed;
    const json::value value = parse_json(text, failed);
    if (failed) return std::string(text);
    std::string out;
    pretty(out, value, "");
    return out + "\n";
}

std::string sorted_json(const json::value& value) {
    std::string out;
    compact(out, value);
    return out;
}

namespace {
constexpr std::string_view with_template[] = {"jsonpath", "custom-columns"};
}

Result<void> check_output(const Options& options, std::string_view allowed) {
    const std::string& output = options.output;
    if (output.empty()) return ok();
    const std::string name = output.substr(0, output.find('='));
    const bool templated = std::ranges::find(with_template, name) != std::end(with_template);
    const bool known = fmt::format(",{},", allowed).find(fmt::format(",{},", name)) != std::string::npos;
    if (known && templated && output.size() < name.size() + 2) return usage("template format specified but no template given");
    if (known && (templated || name == output)) return ok();
    return usage(fmt::format("unable to match a printer suitable for the output format \"{}\", allowed formats are: {}", output,
                             allowed));
}

Result<std::string> render_object(const std::string& text, const Options& options) {
    if (options.output == "json") return pretty_json(text);
    if (options.output == "yaml") return api::render_yaml(text);
    if (!options.output.starts_with("jsonpath=")) return usage(fmt::format("-o {} does not fit here", options.output));
    auto out = api::render_jsonpath(options.output.substr(9), text);
    if (!out) return Error(out.error().code(), "error: " + out.error().message());
    return out;
}

namespace {
/// kubectl names the kind without its group: The Deployment "web" is invalid: ...
std::string describe_invalid(const Error& error) {
    const ErrorTarget& target = error.target();
    const std::string what = fmt::format("{}{} \"{}\" is invalid: ", error.is_answer() ? "The " : "", target.kind, target.name);
    if (error.causes().size() > 1) return what;
    const Cause& cause = error.causes().front();
    return what + (cause.field.empty() ? "" : cause.field + ": ") + cause.message;
}

std::string describe(const Error& error) {
    const bool is_invalid = error.code() == Code::invalid;
    if (is_invalid && !error.target().kind.empty() && !error.causes().empty()) return describe_invalid(error);
    if (!error.is_answer()) return error.message();
    return (is_invalid ? "The " : fmt::format("Error from server ({}): ", status_reason(error.code()))) + error.message();
}
}  // namespace

std::string render_error(const Error& error) {
    std::string out = describe(error) + "\n";
    // Our own words about documents tell them already.
    const bool lists_causes = error.causes().size() > 1 && (error.is_answer() || !error.target().kind.empty());
    if (!lists_causes) return out;
    for (const auto& cause : error.causes()) out += fmt::format("* {}: {}\n", cause.field, cause.message);
    return out;
}

void print_error(const Error& error) {
    if (error.message().empty()) return;
    complain(render_error(error));
}

void Failures::add(const Error& error) {
    print_error(error);
    any_ = true;
}

Result<void> Failures::outcome() const {
    if (!any_) return ok();
    return Error(Code::internal, "");
}

}  // namespace orilla::cli

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <span>

#include "orilla/schema/selectors.hpp"
#include "orilla/schema/values.hpp"

namespace orilla::api {
namespace {

const SelectableField* find_selectable(std::span<const SelectableField> fields, std::string_view name) {
    for (const SelectableField& field : fields)
        if (field.name == name) return &field;
    return nullptr;
}

Error not_selectable(bool has_own, std::string_view name, bool namespaced) {
    if (has_own) return Error(Code::bad_request, "field label not supported: " + std::string(name));
    return Error(Code::bad_request, fmt::format("\"{}\" is not a known field selector: only \"metadata.name\"{}", name,
                                                namespaced ? ", \"metadata.namespace\"" : ""));
}

/// Splits at commas that no backslash escapes.
std::vector<std::string_view> split_terms(std::string_view text) {
    std::vector<std::string_view> terms;
    size_t start = 0;
    for (size_t i = 0; i <= text.size(); ++i) {
        if (i < text.size() && text[i] == '\\') {
            ++i;
        } else if (i >= text.size() || text[i] == ',') {
            terms.push_back(text.substr(start, std::min(i, text.size()) - start));
            start = i + 1;
        }
    }
    if (start < text.size()) terms.push_back(text.substr(start));
    return terms;
}

Result<std::string> unescape(std::string_view text) {
    std::string out;
    for (size_t i = 0; i < text.size(); ++i) {
        if (text[i] != '\\') {
            if (text[i] == '=') return Error(Code::bad_request, "invalid field selector: unescaped '=' in a value");
            out += text[i];
            continue;
        }
        char next = ++i < text.size() ? text[i] : '\0';
        if (next != '\\' && next != ',' && next != '=')
            return Error(Code::bad_request, "invalid field selector: only \\\\, \\, and \\= are escapes");
        out += next;
    }
    return out;
}

Result<FieldSelector::Term> parse_term(std::string_view text) {
    size_t at = text.find_first_of("=!");
    bool equal = at != text.npos && text[at] == '=';
    bool not_equal = at != text.npos && text.substr(at).starts_with("!=");
    if (!equal && !not_equal)
        return Error(Code::bad_request, fmt::format("invalid selector: '{}'; can't understand it", text.substr(0, 256)));
    std::string_view path = text.substr(0, at);
    size_t operator_bytes = not_equal || text.substr(at).starts_with("==") ? 2 : 1;
    TRY(std::string value, unescape(text.substr(at + operator_bytes)));
    return FieldSelector::Term{std::string(path), std::move(value), equal, {}};
}

std::string leaf_text(const TypeInfo& type, const void* value) {
    switch (type.kind) {
        case Kind::boolean: return *static_cast<const bool*>(value) ? "true" : "false";
        case Kind::int32: return std::to_string(*static_cast<const int32_t*>(value));
        case Kind::int64: return std::to_string(*static_cast<const int64_t*>(value));
        case Kind::string:
        case Kind::bytes: return static_cast<const Str*>(value)->str();
        case Kind::int_or_string: return static_cast<const IntOrString*>(value)->to_string();
        case Kind::quantity: return static_cast<const Quantity*>(value)->text.str();
        default: return {};
    }
}

std::string term_text(const TypeInfo& kind, const void* object, const FieldSelector::Term& term) {
    std::string_view paths = term.held_in.empty() ? term.path : term.held_in;
    for (;;) {
        size_t bar = paths.find('|');
        std::string text = field_text(kind, object, paths.substr(0, bar));
        if (!text.empty() || bar == paths.npos) return text;
        paths.remove_prefix(bar + 1);
    }
}

}  // namespace

std::string field_text(const TypeInfo& type, const void* object, std::string_view path) {
    const TypeInfo* at = &type;
    while (object != nullptr && at->kind == Kind::object) {
        size_t dot = path.find('.');
        const FieldInfo* field = at->find_field(path.substr(0, dot));
        if (field == nullptr || field->shape == Shape::list || field->shape == Shape::map) return {};
        object = field->shape == Shape::plain ? field->in(object) : field_value(*field, object);
        at = field->type;
        if (dot == path.npos) break;
        path.remove_prefix(dot + 1);
    }
    return object == nullptr ? std::string() : leaf_text(*at, object);
}

Result<FieldSelector> FieldSelector::parse(std::string_view text, std::span<const SelectableField> fields, bool namespaced) {
    if (text.size() > selector_bytes_max)
        return Error(Code::bad_request, fmt::format("a selector is {} bytes at most", selector_bytes_max));
    FieldSelector selector;
    for (std::string_view part : split_terms(text)) {
        if (part.empty()) continue;
        TRY(Term term, parse_term(part));
        bool known = term.path == "metadata.name" || (namespaced && term.path == "metadata.namespace");
        const SelectableField* field = find_selectable(fields, term.path);
        if (!known && field == nullptr) return not_selectable(!fields.empty(), term.path, namespaced);
        if (field != nullptr) term.held_in = field->path;
        selector.terms_.push_back(std::move(term));
        if (selector.terms_.size() > selector_requirements_max)
            return Error(Code::bad_request, fmt::format("a selector has {} terms at most", selector_requirements_max));
    }
    return selector;
}

bool FieldSelector::matches(const TypeInfo& kind, const void* object) const {
    for (const Term& term : terms_)
        if ((term_text(kind, object, term) == term.value) != term.equal) return false;
    return true;
}

std::string_view FieldSelector::required_name() const {
    for (const Term& term : terms_)
        if (term.path == "metadata.name" && term.equal) return term.value;
    return {};
}

}  // namespace orilla::api

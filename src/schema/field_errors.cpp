#include "orilla/schema/field_errors.hpp"

#include <fmt/core.h>

namespace orilla::api {
namespace {

constexpr size_t quoted_bytes_max = 1024;

std::string plural(size_t count, std::string_view noun) { return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s"); }

}  // namespace

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (char c : text.substr(0, quoted_bytes_max)) {
        auto byte = static_cast<unsigned char>(c);
        if (c == '"' || c == '\\') out += {'\\', c};
        else if (c == '\n') out += "\\n";
        else if (c == '\t') out += "\\t";
        else if (c == '\r') out += "\\r";
        else if (byte < ' ' || byte == 0x7f) out += fmt::format("\\x{:02x}", byte);
        else out += c;
    }
    if (text.size() > quoted_bytes_max) out += "...";
    return out += '"';
}

std::string Path::to_string() const {
    std::string text = parent_ == nullptr ? std::string() : parent_->to_string();
    if (index_ >= 0) return fmt::format("{}[{}]", text, index_);
    if (is_key_) return fmt::format("{}[{}]", text, text_);
    if (!text.empty()) text += '.';
    return text += text_;
}

bool FieldErrors::full() const { return causes_.size() >= validation_causes_max; }

void FieldErrors::add(const Path& path, std::string_view reason, std::string message, std::string_view detail) {
    if (full()) return;
    if (!detail.empty()) message += ": " + std::string(detail);
    causes_.push_back({std::string(reason), std::move(message), path.to_string()});
}

void FieldErrors::required(const Path& path, std::string_view detail) {
    add(path, "FieldValueRequired", "Required value", detail);
}

void FieldErrors::invalid(const Path& path, std::string_view value, std::string_view detail) {
    invalid_json(path, quote(value), detail);
}

void FieldErrors::invalid(const Path& path, int64_t value, std::string_view detail) {
    invalid_json(path, std::to_string(value), detail);
}

void FieldErrors::invalid_json(const Path& path, std::string_view json, std::string_view detail) {
    add(path, "FieldValueInvalid", "Invalid value: " + std::string(json), detail);
}

void FieldErrors::complain(const Path& path, std::string_view value, const Complaints& complaints) {
    for (const std::string& complaint : complaints) invalid(path, value, complaint);
}

void FieldErrors::complain(const Path& path, int64_t value, const Complaints& complaints) {
    for (const std::string& complaint : complaints) invalid(path, value, complaint);
}

void FieldErrors::not_supported(const Path& path, std::string_view value, std::span<const std::string_view> supported) {
    std::string detail;
    for (std::string_view one : supported) detail += (detail.empty() ? "supported values: " : ", ") + quote(one);
    add(path, "FieldValueNotSupported", "Unsupported value: " + quote(value), detail);
}

void FieldErrors::duplicate(const Path& path, std::string_view value) {
    add(path, "FieldValueDuplicate", "Duplicate value: " + quote(value), {});
}

void FieldErrors::not_found(const Path& path, std::string_view value) {
    add(path, "FieldValueNotFound", "Not found: " + quote(value), {});
}

void FieldErrors::forbidden(const Path& path, std::string_view detail) {
    add(path, "FieldValueForbidden", "Forbidden", detail);
}

void FieldErrors::too_long(const Path& path, size_t bytes_max) {
    add(path, "FieldValueTooLong", "Too long", "may not be more than " + plural(bytes_max, "byte"));
}

void FieldErrors::too_many(const Path& path, size_t items, size_t items_max) {
    add(path, "FieldValueTooMany", "Too many: " + std::to_string(items), "must have at most " + plural(items_max, "item"));
}

namespace {
std::string named(std::string_view group, std::string_view kind, std::string_view name) {
    std::string out(kind);
    if (!group.empty()) out += "." + std::string(group);
    return fmt::format("{} {}", out, quote(name));
}
}  // namespace

Error make_invalid_error(std::string_view group, std::string_view kind, std::string_view name, std::vector<Cause> causes) {
    std::string all;
    for (const Cause& cause : causes) {
        if (!all.empty()) all += ", ";
        if (!cause.field.empty()) all += cause.field + ": ";
        all += cause.message;
    }
    if (causes.size() > 1) all = fmt::format("[{}]", all);
    Error error(Code::invalid, fmt::format("{} is invalid: {}", named(group, kind, name), all));
    for (Cause& cause : causes) error = std::move(error).with_cause(std::move(cause));
    return std::move(error).with_target({std::string(group), std::string(kind), std::string(name)});
}

Error make_forbidden_error(std::string_view group, std::string_view resource, std::string_view name, std::string_view why) {
    return Error(Code::forbidden, fmt::format("{} is forbidden: {}", named(group, resource, name), why))
        .with_target({std::string(group), std::string(resource), std::string(name)});
}

}  // namespace orilla::api

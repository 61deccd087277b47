#include "orilla/store/store.hpp"

#include <fmt/core.h>

namespace orilla::store {

namespace {
std::string named(const Key& key) { return fmt::format("{} \"{}\"", key.resource, key.name); }

Error about(const Key& key, Code code, std::string message) {
    const size_t dot = key.resource.find('.');
    std::string group = dot == std::string::npos ? std::string() : key.resource.substr(dot + 1);
    return Error(code, std::move(message)).with_target({std::move(group), key.resource.substr(0, dot), key.name});
}
}  // namespace

/// No longer than it is: what is stored is held in memory.
std::string with_revision(const Value& value, uint64_t revision) {
    const std::string digits = std::to_string(revision);
    const std::string_view text = value.text;
    std::string out;
    out.reserve(text.size() + digits.size());
    out.append(text.substr(0, value.revision_at)).append(digits).append(text.substr(value.revision_at));
    return out;
}

Error not_found_error(const Key& key) { return about(key, Code::not_found, named(key) + " not found"); }

Error already_exists_error(const Key& key) { return about(key, Code::already_exists, named(key) + " already exists"); }

Error conflict_error(const Key& key, std::string_view why) {
    if (why.empty()) why = "the object has been modified; please apply your changes to the latest version and try again";
    return about(key, Code::conflict, fmt::format("Operation cannot be fulfilled on {}: {}", named(key), why));
}

Error revision_too_old_error(uint64_t asked, uint64_t oldest) {
    return Error(Code::expired, fmt::format("too old resource version: {} ({})", asked, oldest));
}

Error revision_too_large_error(uint64_t asked, uint64_t current) {
    std::string text = fmt::format("Timeout: Too large resource version: {}, current: {}", asked, current);
    // Clients look for the cause, older ones for its message.
    return Error(Code::timeout, std::move(text))
        .with_cause({"ResourceVersionTooLarge", "Too large resource version", ""})
        .with_retry_after(1);
}

}  // namespace orilla::store

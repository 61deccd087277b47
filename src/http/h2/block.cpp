#include "h2/block.hpp"

#include <array>
#include <charconv>

namespace orilla::http {

namespace {
constexpr size_t field_overhead_bytes = 32;  ///< as RFC 9113 counts a list of fields
constexpr std::array<std::string_view, static_cast<size_t>(H2Block::Pseudo::count)> pseudo_names{
    ":method", ":scheme", ":authority", ":path", ":protocol", ":status"};
constexpr std::string_view cookie_name = "cookie";
}  // namespace

H2Block::Span H2Block::keep(std::string_view text) {
    const Span span{static_cast<uint32_t>(text_.size()), static_cast<uint32_t>(text.size())};
    text_ += text;
    return span;
}

void H2Block::add(std::string_view name, std::string_view value, const H2Limits& limits) {
    bytes_ += name.size() + value.size() + field_overhead_bytes;
    if (bytes_ > limits.header_bytes_max || spans_.size() >= limits.header_count_max) is_too_large_ = true;
    if (is_too_large_) return;
    if (name.starts_with(':')) {
        for (size_t i = 0; i < pseudo_names.size(); ++i)
            if (pseudo_names[i] == name) pseudo_[i] = keep(value);
        return;
    }
    if (name != cookie_name) {
        const Span kept = keep(name);
        spans_.push_back({kept, keep(value)});
        return;
    }
    // RFC 9113, 8.2.3: HTTP/2 may cut a cookie into crumbs, and nobody behind knows that form.
    if (!cookie_.empty()) cookie_ += "; ";
    cookie_ += value;
}

void H2Block::finish() {
    if (!cookie_.empty()) {
        const Span kept = keep(cookie_name);
        spans_.push_back({kept, keep(cookie_)});
        cookie_.clear();
    }
    fields_.clear();
    fields_.reserve(spans_.size() + 1);  // the owner may add a Host
    for (const Field& field : spans_) fields_.push_back({view(field.name), view(field.value)});
}

std::string_view H2Block::pseudo(Pseudo which) const { return view(pseudo_[static_cast<size_t>(which)]); }

int H2Block::status() const {
    const std::string_view text = pseudo(Pseudo::status);
    int status = 0;
    std::from_chars(text.data(), text.data() + text.size(), status);
    return status;
}

}  // namespace orilla::http

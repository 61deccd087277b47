#include "forwarding.hpp"

#include <algorithm>
#include <array>

#include "orilla/base/text.hpp"

namespace orilla::gateway {

namespace {
/// In small letters, and with '-' for '_': whoever reads headers as variables takes both for the same.
bool is_named(std::string_view name, std::string_view wanted) {
    if (name.size() != wanted.size()) return false;
    for (size_t i = 0; i < name.size(); ++i) {
        char c = name[i];
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
        if (c == '_') c = '-';
        if (c != wanted[i]) return false;
    }
    return true;
}

template <size_t count>
bool is_one_of(std::string_view name, const std::array<std::string_view, count>& names) {
    return std::ranges::any_of(names, [name](std::string_view wanted) { return is_named(name, wanted); });
}

/// Of the connection, or said anew by whoever frames the message.
constexpr std::array<std::string_view, 8> connection_headers = {"connection", "keep-alive",        "proxy-connection", "te",
                                                                "upgrade",    "transfer-encoding", "content-length",   "host"};
constexpr std::array<std::string_view, 9> origin_headers = {
    "expect",           "forwarded",        "x-real-ip",         "proxy-authorization", "x-forwarded-for",
    "x-forwarded-host", "x-forwarded-port", "x-forwarded-proto", "x-forwarded-server"};

/// First letters of all of these: most headers are none of them.
bool may_be_left_out(std::string_view name) {
    if (name.empty()) return true;
    switch (name[0] | 0x20) {
        case 'c':
        case 'e':
        case 'f':
        case 'h':
        case 'k':
        case 'p':
        case 't':
        case 'u':
        case 'x': return true;
        default: return false;
    }
}

/// The values of all Connection headers; names in them belong to this connection as well.
class ConnectionNames {
  public:
    explicit ConnectionNames(const std::vector<http::HeaderView>& headers) {
        for (const http::HeaderView& header : headers)
            if (is_named(header.name, "connection")) values_[count_ < values_.size() ? count_++ : count_ - 1] = header.value;
    }
    bool has(std::string_view name) const {
        for (size_t i = 0; i < count_; ++i)
            if (has(values_[i], name)) return true;
        return false;
    }

  private:
    static bool has(std::string_view list, std::string_view name) {
        while (!list.empty()) {
            const size_t comma = std::min(list.find(','), list.size());
            std::string_view one = list.substr(0, comma);
            while (one.starts_with(' ') || one.starts_with('\t')) one.remove_prefix(1);
            while (one.ends_with(' ') || one.ends_with('\t')) one.remove_suffix(1);
            if (equal_fold(one, name)) return true;
            list.remove_prefix(std::min(comma + 1, list.size()));
        }
        return false;
    }
    std::array<std::string_view, 4> values_;
    size_t count_ = 0;
};

constexpr size_t added_headers = 6;

void append_quoted_node(std::string& out, std::string_view address) {
    if (address.find(':') == std::string_view::npos) out += address;
    else (((out += "\"[") += address) += "]\"");
}

/// A token or the characters of a host; anything else would end the quotes.
bool is_quotable(std::string_view text) {
    return std::ranges::none_of(text, [](char c) { return c == '"' || c == '\\' || static_cast<unsigned char>(c) < 0x20; });
}
}  // namespace

std::string_view address_of(std::string_view client) {
    const size_t colon = client.rfind(':');
    std::string_view address = client.substr(0, colon);
    if (address.starts_with('[') && address.ends_with(']')) address = address.substr(1, address.size() - 2);
    constexpr std::string_view mapped = "::ffff:";
    if (address.starts_with(mapped) && address.find('.') != std::string_view::npos) address.remove_prefix(mapped.size());
    return address;
}

ForwardedHeaders::ForwardedHeaders(const http::Request& request) {
    headers_.reserve(request.headers.size() + added_headers);
    const ConnectionNames named(request.headers);
    bool takes_trailers = false;
    for (const http::HeaderView& header : request.headers) {
        if (named.has(header.name)) {
            takes_trailers =
                takes_trailers || (is_named(header.name, "te") && header.value.find("trailers") != header.value.npos);
            continue;
        }
        if (may_be_left_out(header.name)) {
            if (is_named(header.name, "te") && header.value.find("trailers") != header.value.npos) takes_trailers = true;
            if (is_one_of(header.name, connection_headers) || is_one_of(header.name, origin_headers)) continue;
        }
        headers_.push_back(header);
    }
    if (takes_trailers) headers_.push_back({"te", "trailers"});
    say_where_from(request);
}

void ForwardedHeaders::say_where_from(const http::Request& request) {
    const std::string_view address = address_of(request.client);
    const std::string_view scheme = request.is_secure ? "https" : "http";
    const std::string_view host = request.authority;
    text_.reserve(64 + address.size() + host.size());
    text_ += "for=";
    append_quoted_node(text_, address.empty() ? "unknown" : address);
    if (is_quotable(host) && !host.empty()) ((text_ += ";host=\"") += host) += '"';
    (text_ += ";proto=") += scheme;
    if (!address.empty()) {
        headers_.push_back({"X-Forwarded-For", address});
        headers_.push_back({"X-Real-IP", address});
    }
    headers_.push_back({"X-Forwarded-Proto", scheme});
    if (!host.empty()) headers_.push_back({"X-Forwarded-Host", host});
    headers_.push_back({"Forwarded", text_});
}

std::string render_answer_headers(const http::AnswerHead& head) {
    const ConnectionNames named(head.headers);
    size_t bytes = 0;
    for (const http::HeaderView& header : head.headers) bytes += header.name.size() + header.value.size() + 4;
    std::string out;
    out.reserve(bytes);
    for (const http::HeaderView& header : head.headers) {
        if (may_be_left_out(header.name) && is_one_of(header.name, connection_headers)) continue;
        if (named.has(header.name)) continue;
        (((out += header.name) += ": ") += header.value) += "\r\n";
    }
    return out;
}

bool is_idempotent(std::string_view method) {
    constexpr std::array<std::string_view, 6> methods = {"GET", "HEAD", "OPTIONS", "PUT", "DELETE", "TRACE"};
    return std::ranges::find(methods, method) != methods.end();
}

}  // namespace orilla::gateway

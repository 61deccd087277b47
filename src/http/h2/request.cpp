#include <algorithm>

#include "h2/served.hpp"

namespace orilla::http {

namespace {
using Pseudo = H2Block::Pseudo;

Method to_method(std::string_view text) {
    for (const Method one : {Method::get, Method::head, Method::post, Method::put, Method::patch, Method::delete_})
        if (method_name(one) == text) return one;
    return Method::other;
}

std::string_view find_field(const H2Block& head, std::string_view name) {
    for (const HeaderView& field : head.fields())
        if (field.name == name) return field.value;
    return {};
}

/// RFC 3986: what a host, an IP literal and a port are made of; no user in front of an @.
bool is_authority_text(std::string_view text) {
    return std::ranges::all_of(text, [](char c) {
        const bool is_plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        return is_plain || (c != '\0' && std::string_view("-._~%!$&'()*+,;=:[]").find(c) != std::string_view::npos);
    });
}

bool is_visible(std::string_view text) {
    return std::ranges::all_of(text, [](char c) { return c > ' ' && c < 0x7f; });
}
}  // namespace

/// What nghttp2 lets pass and HTTP/1.1 would not carry: behind a gateway another reader would see another request.
const char* find_h2_fault(const H2Block& head, const ParserLimits& limits, int* status) {
    *status = 431;
    if (head.is_too_large()) return "the request headers are too large";
    *status = 414;
    const std::string_view path = head.pseudo(Pseudo::path);
    if (path.size() > limits.url_bytes_max) return "the request URL is too long";
    *status = 405;
    if (head.pseudo(Pseudo::method) == "CONNECT") return "this is no proxy: CONNECT is not served";
    *status = 400;
    if (!is_visible(path) || path.find('#') != std::string_view::npos) return "malformed :path";
    const std::string_view method = head.pseudo(Pseudo::method);
    if (!path.starts_with('/') && !(path == "*" && method == "OPTIONS")) return "the request target must be a path";
    const std::string_view authority = head.pseudo(Pseudo::authority);
    const std::string_view host = find_field(head, "host");
    const auto hosts = std::ranges::count_if(head.fields(), [](const HeaderView& field) { return field.name == "host"; });
    if (hosts > 1) return "the request has more than one Host header";
    if (!authority.empty() && hosts == 1 && !equal_fold(authority, host)) return "Host and :authority differ";
    if (!is_authority_text(authority.empty() ? host : authority)) return "malformed :authority";
    *status = 417;
    const std::string_view expected = find_field(head, "expect");
    if (!expected.empty() && !equal_fold(expected, "100-continue"))
        return "the only expectation that is met here is 100-continue";
    return nullptr;
}

void view_request(H2Block& head, Request& request) {
    request.protocol = Protocol::http_2;
    request.method_text = head.pseudo(Pseudo::method);
    request.method = to_method(request.method_text);
    request.target = head.pseudo(Pseudo::path);
    const size_t question = request.target.find('?');
    request.path = request.target.substr(0, question);
    request.query = question == std::string_view::npos ? std::string_view() : request.target.substr(question + 1);
    request.authority = head.pseudo(Pseudo::authority);
    if (request.authority.empty()) request.authority = find_field(head, "host");
    // Whoever asks for Host finds it, as in HTTP/1.1.
    else if (find_field(head, "host").empty()) head.fields().insert(head.fields().begin(), {"host", request.authority});
    request.headers = head.fields();
}

}  // namespace orilla::http

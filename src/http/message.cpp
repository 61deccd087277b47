#include "orilla/http/message.hpp"

#include <ctime>

namespace orilla::http {

std::string_view method_name(Method method) {
    switch (method) {
        case Method::get: return "GET";
        case Method::head: return "HEAD";
        case Method::post: return "POST";
        case Method::put: return "PUT";
        case Method::patch: return "PATCH";
        case Method::delete_: return "DELETE";
        case Method::other: return "other";
    }
    return "other";
}

const Headers& BodyStream::trailers() const {
    static const Headers none;
    return none;
}

std::string_view Request::header(std::string_view name) const {
    for (const auto& header : headers)
        if (equal_fold(header.name, name)) return header.value;
    return {};
}

std::string render_http_date(int64_t wall_s) {
    const auto time = static_cast<time_t>(wall_s);
    std::tm parts{};
    ::gmtime_r(&time, &parts);
    char text[64];
    const size_t length = std::strftime(text, sizeof text, "%a, %d %b %Y %H:%M:%S GMT", &parts);
    return {text, length};
}

void Response::add_header(std::string_view name, std::string_view value) {
    headers += name;
    headers += ": ";
    // A value may carry text from a client (a Warning): it must not start a header of its own.
    for (char c : value) headers += c == '\r' || c == '\n' || c == '\0' ? ' ' : c;
    headers += "\r\n";
}

}  // namespace orilla::http

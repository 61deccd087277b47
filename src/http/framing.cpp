#include "framing.hpp"

#include <charconv>

#include "head.hpp"

namespace orilla::http {

std::string_view status_text(int status) {
    switch (status) {
        case 100: return "100 Continue";
        case 101: return "101 Switching Protocols";
        case 103: return "103 Early Hints";
        case 200: return "200 OK";
        case 201: return "201 Created";
        case 202: return "202 Accepted";
        case 204: return "204 No Content";
        case 206: return "206 Partial Content";
        case 301: return "301 Moved Permanently";
        case 302: return "302 Found";
        case 303: return "303 See Other";
        case 304: return "304 Not Modified";
        case 307: return "307 Temporary Redirect";
        case 308: return "308 Permanent Redirect";
        case 400: return "400 Bad Request";
        case 401: return "401 Unauthorized";
        case 403: return "403 Forbidden";
        case 404: return "404 Not Found";
        case 405: return "405 Method Not Allowed";
        case 406: return "406 Not Acceptable";
        case 408: return "408 Request Timeout";
        case 409: return "409 Conflict";
        case 410: return "410 Gone";
        case 413: return "413 Content Too Large";
        case 414: return "414 URI Too Long";
        case 415: return "415 Unsupported Media Type";
        case 416: return "416 Range Not Satisfiable";
        case 417: return "417 Expectation Failed";
        case 421: return "421 Misdirected Request";
        case 422: return "422 Unprocessable Entity";
        case 425: return "425 Too Early";
        case 429: return "429 Too Many Requests";
        case 431: return "431 Request Header Fields Too Large";
        case 500: return "500 Internal Server Error";
        case 501: return "501 Not Implemented";
        case 502: return "502 Bad Gateway";
        case 503: return "503 Service Unavailable";
        case 504: return "504 Gateway Timeout";
        case 505: return "505 HTTP Version Not Supported";
        default: return {};
    }
}

void append_number(std::string& out, uint64_t number, int base) {
    char digits[24];
    const auto end = std::to_chars(digits, digits + sizeof digits, number, base).ptr;
    out.append(digits, end);
}

void append_status_line(std::string& out, int status) {
    out += "HTTP/1.1 ";
    if (const auto text = status_text(status); !text.empty()) {
        out += text;
        return;
    }
    append_number(out, static_cast<uint64_t>(status));
    out += ' ';  // belongs to the line, with a reason or without
}

void append_field(std::string& out, std::string_view name, std::string_view value) {
    out += name;
    out += ": ";
    out += value;
    out += "\r\n";
}

void append_chunk_size(std::string& out, size_t bytes) {
    append_number(out, bytes, 16);
    out += "\r\n";
}

void append_last_chunk(std::string& out, const Headers& trailers) {
    out += "0\r\n";
    for (const auto& [name, value] : trailers)
        if (is_token(name) && is_field_value(value) && may_trail(name)) append_field(out, name, value);
    out += "\r\n";
}

}  // namespace orilla::http

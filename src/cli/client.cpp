#include "client.hpp"

#include <curl/curl.h>
#include <openssl/ssl.h>

#include <boost/json.hpp>
#include <cstring>

#include "terminal.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr long connect_ms_max = 5'000;
constexpr size_t error_body_bytes_max = 1 << 20;

struct Transfer {
    CURL* curl = nullptr;
    const std::function<bool(std::string_view)>* sink = nullptr;
    std::string error_body;
    bool stopped = false;
};

size_t take_body(char* data, size_t size, size_t count, void* user) {
    auto* transfer = static_cast<Transfer*>(user);
    long status = 0;
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400) {
        if (transfer->error_body.size() < error_body_bytes_max) transfer->error_body.append(data, size * count);
        return size * count;
    }
    if ((*transfer->sink)(std::string_view(data, size * count))) return size * count;
    transfer->stopped = true;
    return 0;
}

size_t take_header(char* data, size_t size, size_t count, void*) {
    const auto warning = find_warning(std::string_view(data, size * count));
    if (warning) complain("Warning: " + *warning + "\n");
    return size * count;
}

Code code_of(long status, std::string_view reason) {
    if (reason == "AlreadyExists") return Code::already_exists;
    if (reason == "Expired") return Code::expired;
    switch (status) {
        case 400: return Code::bad_request;
        case 401: return Code::unauthorized;
        case 403: return Code::forbidden;
        case 404: return Code::not_found;
        case 405: return Code::method_not_allowed;
        case 409: return Code::conflict;
        case 410: return Code::gone;
        case 422: return Code::invalid;
        case 429: return Code::too_many_requests;
        case 503: return Code::unavailable;
        case 504: return Code::timeout;
        default: return Code::internal;
    }
}

std::string string_at(const json::object& object, std::string_view key) {
    const json::value* value = object.if_contains(key);
    return value && value->is_string() ? std::string(value->get_string()) : std::string();
}

/// kubectl names the kind without its group: The Deployment "web" is invalid: ...
std::string describe_invalid(const json::object& root, const json::object* about) {
    const std::string message = string_at(root, "message");
    const std::string rest = " is invalid: ";
    const size_t at = message.find(rest);
    if (!about || at == std::string::npos || string_at(*about, "kind").empty()) return "The " + message;
    return "The " + string_at(*about, "kind") + " \"" + string_at(*about, "name") + "\"" + message.substr(at);
}

Error error_of(long status, const std::string& body) {
    boost::system::error_code failed;
    const json::value parsed = json::parse(body, failed);
    if (failed || !parsed.is_object())
        return Error(code_of(status, ""), "the server answered with status " + std::to_string(status));
    const json::object& root = parsed.get_object();
    const std::string reason = string_at(root, "reason");
    const json::value* details = root.if_contains("details");
    const json::object* about = details ? details->if_object() : nullptr;
    Error error(code_of(status, reason), status == 422 ? describe_invalid(root, about) : "Error from server (" + reason + "): " + string_at(root, "message"));
    const json::value* causes = about ? about->if_contains("causes") : nullptr;
    if (!causes || !causes->is_array()) return error;
    for (const auto& cause : causes->get_array())
        if (cause.is_object())
            error = std::move(error).with_cause({string_at(cause.get_object(), "reason"), string_at(cause.get_object(), "message"),
                                                 string_at(cause.get_object(), "field")});
    return error;
}

/// The socket needs no TLS, but curl starts OpenSSL all the same, which reads its configuration and sorts its error texts and
/// ciphers: a tenth of what a short command takes. What was refused once is not done later.
void keep_tls_asleep() {
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_CRYPTO_STRINGS | OPENSSL_INIT_NO_ADD_ALL_CIPHERS |
                            OPENSSL_INIT_NO_ADD_ALL_DIGESTS,
                        nullptr);
    OPENSSL_init_ssl(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_LOAD_SSL_STRINGS, nullptr);
}

}  // namespace

struct Client::Impl {
    CURL* curl = nullptr;
    std::string socket;
};

Client::Client(std::string socket) : impl_(std::make_unique<Impl>()) {
    keep_tls_asleep();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    impl_->curl = curl_easy_init();
    impl_->socket = std::move(socket);
}

Client::~Client() { curl_easy_cleanup(impl_->curl); }

Result<void> Client::stream(const Request& request, const std::function<bool(std::string_view)>& sink) {
    CURL* curl = impl_->curl;
    curl_easy_reset(curl);
    Transfer transfer;
    transfer.curl = curl;
    transfer.sink = &sink;
    curl_slist* headers = curl_slist_append(nullptr, ("Accept: " + request.accept).c_str());
    headers = curl_slist_append(headers, "Expect:");
    if (!request.body.empty()) headers = curl_slist_append(headers, ("Content-Type: " + request.content_type).c_str());
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, impl_->socket.c_str());
    curl_easy_setopt(curl, CURLOPT_URL, ("http://orilla" + request.path).c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "orilla/" ORILLA_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS, connect_ms_max);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    if (!request.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    }
    const CURLcode rc = curl_easy_perform(curl);
    curl_slist_free_all(headers);
    long status = 0;
    curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &status);
    if (transfer.stopped) return ok();
    if (rc == CURLE_COULDNT_CONNECT)
        return Error(Code::unavailable, "cannot reach " + impl_->socket + ": is `orilla serve` running, and may you use the socket "
                                        "(root and group orilla may)? Another socket: --socket or ORILLA_SOCKET");
    if (rc != CURLE_OK) return Error(Code::unavailable, std::string("the connection broke: ") + curl_easy_strerror(rc));
    if (status >= 400) return error_of(status, transfer.error_body);
    return ok();
}

std::optional<std::string> find_warning(std::string_view header) {
    constexpr std::string_view name = "warning: 299";
    if (header.size() < name.size() || strncasecmp(header.data(), name.data(), name.size()) != 0) return std::nullopt;
    const size_t from = header.find('"'), to = header.rfind('"');
    if (from == std::string_view::npos || to == from) return std::nullopt;
    std::string out;
    for (size_t i = from + 1; i < to; ++i) {
        if (header[i] == '\\' && i + 1 < to) ++i;
        out += header[i];
    }
    return out;
}

Result<std::string> Client::send(const Request& request) {
    std::string body;
    std::function<bool(std::string_view)> sink = [&body](std::string_view piece) {
        body += piece;
        return true;
    };
    TRY_VOID(stream(request, sink));
    return body;
}

Result<void> Client::stream_lines(const Request& request, const std::function<bool(std::string_view)>& sink) {
    std::string pending;
    std::function<bool(std::string_view)> by_line = [&](std::string_view piece) {
        pending += piece;
        size_t from = 0;
        for (size_t end; (end = pending.find('\n', from)) != std::string::npos; from = end + 1)
            if (!sink(std::string_view(pending).substr(from, end - from))) return false;
        pending.erase(0, from);
        return true;
    };
    TRY_VOID(stream(request, by_line));
    if (!pending.empty()) sink(pending);
    return ok();
}

}  // namespace orilla::cli

#include "client.hpp"

#include <curl/curl.h>
#include <fmt/core.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cerrno>
#include <climits>
#include <cstring>
#include <utility>

#include "orilla/base/clock.hpp"
#include "print/terminal.hpp"
#include "trace.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr size_t error_body_bytes_max = 1 << 20;
constexpr int connect_attempts_max = 5;

/// One request on its way.
struct Transfer {
    CURL* curl;
    const Connection& connection;
    const Request& request;
    const std::function<bool(std::string_view)>& sink;
    Trace trace;
    std::string error_body = {};
    bool stopped = false;   ///< the sink has enough
    bool answered = false;  ///< a head has come
    int64_t began_ms = SystemClock().monotonic_ms();

    int64_t took_ms() const { return SystemClock().monotonic_ms() - began_ms; }
};

size_t take_body(char* data, size_t size, size_t count, void* user) {
    auto* transfer = static_cast<Transfer*>(user);
    const std::string_view piece(data, size * count);
    transfer->trace.body(piece);
    long status = 0;
    curl_easy_getinfo(transfer->curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400) {
        if (transfer->error_body.size() < error_body_bytes_max) transfer->error_body.append(piece);
        return piece.size();
    }
    // Nobody reads any more: a log or a watch ends, too.
    if (transfer->sink(piece) && check_output_written()) return piece.size();
    transfer->stopped = true;
    return 0;
}

size_t take_header(char* data, size_t size, size_t count, void* user) {
    auto* transfer = static_cast<Transfer*>(user);
    const std::string_view line(data, size * count);
    transfer->answered = true;
    transfer->trace.header(line);
    if (const auto warning = find_warning(line)) complain(fmt::format("Warning: {}\n", *warning));
    return line.size();
}

/// Called about once a second: is an answer overdue?
int watch_progress(void* user, curl_off_t, curl_off_t, curl_off_t, curl_off_t) {
    const auto* transfer = static_cast<const Transfer*>(user);
    return !transfer->answered && transfer->took_ms() > transfer->request.answer_begins_ms_max;
}

/// Of an answer that does not say its reason.
Code code_of(long status) {
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

Error error_of(long status, const std::string& body) {
    boost::system::error_code failed;
    const json::value parsed = json::parse(body, failed);
    if (failed || !parsed.is_object())
        return Error(code_of(status), "the server answered with status " + std::to_string(status));
    const json::object& root = parsed.get_object();
    const std::string reason = string_at(root, "reason");
    Error error(reason.empty() ? code_of(status) : code_of_reason(reason), string_at(root, "message"));
    error = std::move(error).as_answer();
    const json::value* details = root.if_contains("details");
    const json::object* about = details ? details->if_object() : nullptr;
    if (!about) return error;
    error = std::move(error).with_target({string_at(*about, "group"), string_at(*about, "kind"), string_at(*about, "name")});
    const json::value* causes = about->if_contains("causes");
    if (!causes || !causes->is_array()) return error;
    for (const auto& cause : causes->get_array())
        if (cause.is_object())
            error =
                std::move(error).with_cause({string_at(cause.get_object(), "reason"), string_at(cause.get_object(), "message"),
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

void set_limits(CURL* curl, Transfer& transfer) {
    const int64_t limit_ms = transfer.connection.request_ms_max;
    if (limit_ms > 0) curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, static_cast<long>(std::min<int64_t>(limit_ms, LONG_MAX)));
    if (limit_ms >= 0) return;
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, watch_progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, &transfer);
}

void set_request(CURL* curl, Transfer& transfer) {
    const Request& request = transfer.request;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, transfer.connection.socket.c_str());
    curl_easy_setopt(curl, CURLOPT_URL, ("http://orilla" + request.path).c_str());
    curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, request.method.c_str());
    curl_easy_setopt(curl, CURLOPT_USERAGENT, "orilla/" ORILLA_VERSION);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, take_header);
    curl_easy_setopt(curl, CURLOPT_HEADERDATA, &transfer);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, take_body);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &transfer);
    if (!request.body.empty()) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, static_cast<curl_off_t>(request.body.size()));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, request.body.data());
    }
    set_limits(curl, transfer);
}

/// curl has no word for each reason, and takes a listener whose queue is full for a connection, on which nothing can be sent.
bool was_never_connected(CURL* curl, CURLcode rc) {
    long number = 0;
    curl_easy_getinfo(curl, CURLINFO_OS_ERRNO, &number);
    return rc == CURLE_COULDNT_CONNECT || (rc == CURLE_SEND_ERROR && number == ENOTCONN);
}

/// A connection of our own: its error says why there is none, and it waits for a place in the queue.
Result<void> await_listener(const std::string& path) {
    TRY_VOID(connect_socket(path));
    return ok();
}

Result<void> outcome_of(CURLcode rc, const Transfer& transfer) {
    if (transfer.stopped) return ok();
    if (rc == CURLE_OPERATION_TIMEDOUT || rc == CURLE_ABORTED_BY_CALLBACK)
        return no_answer(transfer.connection, transfer.took_ms());
    if (rc != CURLE_OK) return Error(Code::unavailable, std::string("error: the connection broke: ") + curl_easy_strerror(rc));
    long status = 0;
    curl_easy_getinfo(transfer.curl, CURLINFO_RESPONSE_CODE, &status);
    if (status >= 400) return error_of(status, transfer.error_body);
    return ok();
}

}  // namespace

struct Client::Impl {
    CURL* curl = nullptr;
    Connection connection;
};

Client::Client(Connection connection) : impl_(std::make_unique<Impl>()) {
    keep_tls_asleep();
    curl_global_init(CURL_GLOBAL_DEFAULT);
    impl_->curl = curl_easy_init();
    impl_->connection = std::move(connection);
}

Client::~Client() { curl_easy_cleanup(impl_->curl); }

const Connection& Client::connection() const { return impl_->connection; }

Result<void> Client::stream(const Request& request, const std::function<bool(std::string_view)>& sink) {
    CURL* curl = impl_->curl;
    const std::string& path = impl_->connection.socket;
    TRY_VOID(check_socket_path(path));
    Transfer transfer{curl, impl_->connection, request, sink, Trace(impl_->connection.verbosity)};
    set_request(curl, transfer);
    curl_slist* headers = curl_slist_append(nullptr, ("Accept: " + request.accept).c_str());
    headers = curl_slist_append(headers, "Expect:");
    if (!request.body.empty()) headers = curl_slist_append(headers, ("Content-Type: " + request.content_type).c_str());
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
    transfer.trace.begin(request);
    CURLcode rc = CURLE_OK;
    Result<void> reached = ok();
    for (int attempt = 0; reached && attempt < connect_attempts_max; ++attempt) {
        rc = curl_easy_perform(curl);
        if (!was_never_connected(curl, rc)) break;
        reached = await_listener(path);
    }
    curl_slist_free_all(headers);
    auto outcome = reached ? outcome_of(rc, transfer) : std::move(reached);
    if (transfer.answered) transfer.trace.end(request, transfer.took_ms());
    else if (!outcome) transfer.trace.fail(request, outcome.error().message());
    return outcome;
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
        return body.size() <= answer_bytes_max;
    };
    TRY_VOID(stream(request, sink));
    if (body.size() > answer_bytes_max)
        return Error(
            Code::too_large,
            fmt::format("error: the answer has more than {} bytes: ask for less, with -n, -l or a name", answer_bytes_max));
    return body;
}

Result<void> Client::stream_lines(const Request& request, const std::function<bool(std::string_view)>& sink) {
    TRY_VOID(check_output_written());  // a watch may say nothing for hours, and nobody would hear it
    std::string pending;
    std::function<bool(std::string_view)> by_line = [&](std::string_view piece) {
        pending += piece;
        size_t from = 0;
        for (size_t end; (end = pending.find('\n', from)) != std::string::npos; from = end + 1)
            if (!sink(std::string_view(pending).substr(from, end - from))) return false;
        pending.erase(0, from);
        if (pending.size() <= line_bytes_max) return true;
        const std::string part = std::exchange(pending, "");
        return sink(part);
    };
    TRY_VOID(stream(request, by_line));
    if (!pending.empty()) sink(pending);
    return ok();
}

}  // namespace orilla::cli

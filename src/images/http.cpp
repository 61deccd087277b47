#include "http.hpp"

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <memory>

#include "limits.hpp"

#include "orilla/base/text.hpp"

namespace orilla::images {

const std::string& HttpHead::field(const std::string& name) const {
    static const std::string empty;
    const auto at = fields.find(name);
    return at == fields.end() ? empty : at->second;
}

// ---- addresses -------------------------------------------------------------------------------------------------------

namespace {

bool v4_allowed(uint32_t address, bool allows_loopback) {
    const uint32_t first = address >> 24;
    if (first == 127) return allows_loopback;
    const bool link_local = address >> 16 == 0xA9FE;  // 169.254/16
    return first != 0 && !link_local && first < 224;
}

bool v6_allowed(const in6_addr& address, bool allows_loopback) {
    // The metadata service of one large cloud, which is not link-local.
    static const unsigned char metadata[16] = {0xfd, 0x00, 0x0e, 0xc2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x02, 0x54};
    if (IN6_IS_ADDR_V4MAPPED(&address) || IN6_IS_ADDR_V4COMPAT(&address)) {
        if (IN6_IS_ADDR_LOOPBACK(&address)) return allows_loopback;
        uint32_t inner = 0;
        std::memcpy(&inner, &address.s6_addr[12], 4);
        return v4_allowed(ntohl(inner), allows_loopback);
    }
    if (IN6_IS_ADDR_LOOPBACK(&address)) return allows_loopback;
    if (IN6_IS_ADDR_UNSPECIFIED(&address) || IN6_IS_ADDR_LINKLOCAL(&address) || IN6_IS_ADDR_MULTICAST(&address)) return false;
    return std::memcmp(&address, metadata, sizeof metadata) != 0;
}

}  // namespace

bool address_allowed(const sockaddr* address, bool allows_loopback) {
    if (address->sa_family == AF_INET)
        return v4_allowed(ntohl(reinterpret_cast<const sockaddr_in*>(address)->sin_addr.s_addr), allows_loopback);
    if (address->sa_family == AF_INET6)
        return v6_allowed(reinterpret_cast<const sockaddr_in6*>(address)->sin6_addr, allows_loopback);
    return false;
}

curl_socket_t Transfer::open_socket(void* self, curlsocktype, curl_sockaddr* address) {
    auto* transfer = static_cast<Transfer*>(self);
    if (!address_allowed(&address->addr, transfer->policy.allows_loopback)) {
        transfer->address_refused_ = true;
        return CURL_SOCKET_BAD;
    }
    return socket(address->family, address->socktype | SOCK_CLOEXEC, address->protocol);
}

// ---- one transfer ----------------------------------------------------------------------------------------------------

Transfer::~Transfer() {
    if (client_) client_->cancel(*this);
    if (easy_) curl_easy_cleanup(easy_);
    curl_slist_free_all(list_);
}

Result<void> Transfer::deliver_head() {
    if (head_delivered_) return ok();
    head_delivered_ = true;
    curl_easy_getinfo(easy_, CURLINFO_RESPONSE_CODE, &head.status);
    return on_head ? on_head(head) : ok();
}

size_t Transfer::take_header(char* bytes, size_t size, size_t count, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    const std::string_view line(bytes, size * count);
    transfer->client_->pace_.arrived(static_cast<int64_t>(line.size()));
    transfer->header_bytes_ += line.size();
    if (transfer->header_bytes_ > response_headers_bytes_max) {
        transfer->error = Error(Code::too_large, "response header is larger than 64 KiB");
        return 0;
    }
    if (line.starts_with("HTTP/")) transfer->head = {};  // of an earlier, provisional answer
    const size_t colon = line.find(':');
    if (colon == std::string_view::npos) return line.size();
    const std::string name = lowered(line.substr(0, colon));
    std::string_view value = line.substr(colon + 1);
    while (!value.empty() && std::strchr(" \t\r\n", value.front())) value.remove_prefix(1);
    while (!value.empty() && std::strchr(" \t\r\n", value.back())) value.remove_suffix(1);
    if (name == "www-authenticate") transfer->head.challenges.emplace_back(value);
    transfer->head.fields[name] = std::string(value);
    return line.size();
}

size_t Transfer::take_body(char* bytes, size_t size, size_t count, void* self) {
    auto* transfer = static_cast<Transfer*>(self);
    const std::string_view piece(bytes, size * count);
    transfer->client_->pace_.arrived(static_cast<int64_t>(piece.size()));
    auto taken = transfer->deliver_head();
    const bool good_answer = transfer->head.status == 200 || transfer->head.status == 206;
    if (taken && transfer->on_body && good_answer) {
        taken = transfer->on_body(piece);
    } else if (taken) {
        const size_t bytes_max = transfer->on_body ? error_body_bytes_max : transfer->body_bytes_max;
        if (transfer->body.size() + piece.size() > bytes_max)
            taken = Error(Code::too_large, fmt::format("response is larger than {} bytes", bytes_max));
        else transfer->body.append(piece);
    }
    if (taken) return piece.size();
    transfer->error = std::move(taken).error();
    return 0;
}

void Transfer::prepare() {
    head = {};
    body.clear();
    error.reset();
    done = retryable = tls_failed = head_delivered_ = address_refused_ = false;
    header_bytes_ = 0;
    reason_[0] = 0;
    if (!easy_) easy_ = curl_easy_init();
    assert(easy_);
    curl_easy_reset(easy_);
    curl_slist_free_all(std::exchange(list_, nullptr));
    for (const auto& header : headers) list_ = curl_slist_append(list_, header.c_str());
    curl_easy_setopt(easy_, CURLOPT_URL, url.c_str());
    curl_easy_setopt(easy_, CURLOPT_PROTOCOLS_STR, policy.allows_http ? "https,http" : "https");
    curl_easy_setopt(easy_, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(easy_, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(easy_, CURLOPT_USERAGENT, "orilla/" ORILLA_VERSION);
    curl_easy_setopt(easy_, CURLOPT_HTTPHEADER, list_);
    curl_easy_setopt(easy_, CURLOPT_CONNECTTIMEOUT_MS, connect_timeout_ms_max);
    curl_easy_setopt(easy_, CURLOPT_TIMEOUT_MS, timeout_ms);
    curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_LIMIT, stall_bytes_min);
    curl_easy_setopt(easy_, CURLOPT_LOW_SPEED_TIME, stall_seconds_max);
    curl_easy_setopt(easy_, CURLOPT_BUFFERSIZE, 128L * 1024);
    curl_easy_setopt(easy_, CURLOPT_ERRORBUFFER, reason_);
    curl_easy_setopt(easy_, CURLOPT_PRIVATE, this);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETFUNCTION, &Transfer::open_socket);
    curl_easy_setopt(easy_, CURLOPT_OPENSOCKETDATA, this);
    curl_easy_setopt(easy_, CURLOPT_HEADERFUNCTION, &Transfer::take_header);
    curl_easy_setopt(easy_, CURLOPT_HEADERDATA, this);
    curl_easy_setopt(easy_, CURLOPT_WRITEFUNCTION, &Transfer::take_body);
    curl_easy_setopt(easy_, CURLOPT_WRITEDATA, this);
    if (policy.authorities.empty()) {
        curl_easy_setopt(easy_, CURLOPT_CAINFO, policy.authorities_file.c_str());
        return;
    }
    curl_blob pem{const_cast<char*>(policy.authorities.data()), policy.authorities.size(), CURL_BLOB_COPY};
    curl_easy_setopt(easy_, CURLOPT_CAINFO_BLOB, &pem);
}

std::string without_duration(std::string message) {
    constexpr std::string_view before = " after ";
    for (size_t at = message.find(before); at != std::string::npos; at = message.find(before, at + 1)) {
        const size_t number = at + before.size();
        const size_t unit = message.find_first_not_of("0123456789", number);
        if (unit == number || unit == std::string::npos) continue;
        for (std::string_view name : {" milliseconds", " ms", " seconds"}) {
            if (message.compare(unit, name.size(), name) != 0) continue;
            message.erase(at, unit + name.size() - at);
            break;
        }
    }
    return message;
}

void Transfer::finish(CURLcode code) {
    done = true;
    if (code == CURLE_OK && !error) {
        if (auto delivered = deliver_head(); !delivered) error = std::move(delivered).error();
        return;
    }
    if (error) return;
    const auto parts = parse_url(url);
    const std::string where = parts ? fmt::format("{}://{}", parts->scheme, parts->authority) : url;
    const std::string why = reason_[0] ? without_duration(reason_) : curl_easy_strerror(code);
    if (address_refused_) {
        error = Error(Code::forbidden, where + ": its address is link-local, loopback or otherwise not one of a registry");
        return;
    }
    tls_failed = code == CURLE_SSL_CONNECT_ERROR || code == CURLE_PEER_FAILED_VERIFICATION || code == CURLE_SSL_CACERT_BADFILE;
    retryable = code != CURLE_PEER_FAILED_VERIFICATION && code != CURLE_UNSUPPORTED_PROTOCOL && code != CURLE_URL_MALFORMAT;
    error = Error(Code::unavailable, fmt::format("{}: {}", where, why));
}

// ---- several of them -------------------------------------------------------------------------------------------------

HttpClient::HttpClient() : multi_(curl_multi_init()) {
    assert(multi_);
    curl_multi_setopt(multi_, CURLMOPT_MAXCONNECTS, 16L);
}
HttpClient::~HttpClient() { curl_multi_cleanup(multi_); }

void HttpClient::start(Transfer& transfer) {
    cancel(transfer);
    transfer.prepare();
    transfer.client_ = this;
    curl_multi_add_handle(multi_, transfer.easy_);
}

void HttpClient::cancel(Transfer& transfer) {
    if (transfer.client_) curl_multi_remove_handle(multi_, transfer.easy_);
    transfer.client_ = nullptr;
}

void HttpClient::turn(int wait_ms) {
    const int64_t begun_ms = monotonic_ms();
    int running = 0;
    curl_multi_perform(multi_, &running);
    int left = 0;
    bool any = false;
    while (const CURLMsg* message = curl_multi_info_read(multi_, &left)) {
        if (message->msg != CURLMSG_DONE) continue;
        Transfer* transfer = nullptr;
        const CURLcode code = message->data.result;
        curl_easy_getinfo(message->easy_handle, CURLINFO_PRIVATE, &transfer);
        transfer->finish(code);
        cancel(*transfer);
        any = true;
    }
    if (!any) curl_multi_poll(multi_, nullptr, 0, wait_ms, nullptr);
    if (running > 0) pace_.passed(monotonic_ms() - begun_ms);
}

Result<void> HttpClient::check_pace() const {
    if (!pace_.too_slow()) return ok();
    return Error(Code::unavailable, fmt::format("the registry is too slow: it sent less than {} bytes a second for {} s",
                                                pace_bytes_per_s_min, pace_window_ms / 1000));
}

void HttpClient::run(Transfer& transfer) {
    constexpr int wait_ms_max = 1000;
    while (!transfer.done && !pace_.too_slow()) turn(wait_ms_max);
    if (transfer.done) return;
    cancel(transfer);
    transfer.done = true;
    transfer.error = check_pace().error();
}

void HttpClient::rest(int64_t ms) {
    const int64_t end_ms = monotonic_ms() + ms;
    for (int64_t left_ms = ms; left_ms > 0; left_ms = end_ms - monotonic_ms()) turn(static_cast<int>(left_ms));
}

int64_t monotonic_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

// ---- addresses of the web --------------------------------------------------------------------------------------------

namespace {
struct FreeUrl {
    void operator()(CURLU* url) const { curl_url_cleanup(url); }
};
using Url = std::unique_ptr<CURLU, FreeUrl>;

std::string part(CURLU* url, CURLUPart which, unsigned flags) {
    char* text = nullptr;
    if (curl_url_get(url, which, &text, flags) != CURLUE_OK) return {};
    std::string out = text;
    curl_free(text);
    return out;
}
}  // namespace

Result<UrlParts> parse_url(const std::string& text) {
    Url url(curl_url());
    if (curl_url_set(url.get(), CURLUPART_URL, text.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
        return Error(Code::corrupt, "not a valid URL: " + text.substr(0, component_bytes_max));
    UrlParts out{part(url.get(), CURLUPART_SCHEME, 0), part(url.get(), CURLUPART_HOST, 0), ""};
    if (out.scheme != "https" && out.scheme != "http")
        return Error(Code::forbidden, "not an HTTP URL: " + text.substr(0, component_bytes_max));
    out.host = lowered(out.host);
    out.authority = fmt::format("{}:{}", out.host, part(url.get(), CURLUPART_PORT, CURLU_DEFAULT_PORT));
    return out;
}

Result<std::string> resolve_url(const std::string& base, const std::string& location) {
    Url url(curl_url());
    if (curl_url_set(url.get(), CURLUPART_URL, base.c_str(), 0) != CURLUE_OK ||
        curl_url_set(url.get(), CURLUPART_URL, location.c_str(), CURLU_DISALLOW_USER) != CURLUE_OK)
        return Error(Code::corrupt, "redirected to an invalid URL");
    return part(url.get(), CURLUPART_URL, 0);
}

std::string url_escape(const std::string& text) {
    char* escaped = curl_easy_escape(nullptr, text.data(), static_cast<int>(text.size()));
    std::string out = escaped ? escaped : "";
    curl_free(escaped);
    return out;
}

}  // namespace orilla::images

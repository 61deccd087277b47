// Several HTTP requests at a time over libcurl, for the puller. One Transfer is one request and one answer: nothing is
// followed, repeated or authenticated behind the caller's back. It promises not to talk to link-local addresses, not even
// when a name resolves to one, and to bound everything that it reads.
#pragma once

#include <curl/curl.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"
#include "pace.hpp"

namespace orilla::images {

struct HttpHead {
    long status = 0;
    std::map<std::string, std::string> fields;  ///< names in lower case; the last of several
    std::vector<std::string> challenges;        ///< every WWW-Authenticate
    const std::string& field(const std::string& name) const;
};

/// Trust and reach, by host.
struct HttpPolicy {
    bool allows_http = false;
    bool allows_loopback = false;
    std::string authorities_file;  ///< PEM bundle of the system
    std::string authorities;       ///< PEM text in its place, or empty
};

class HttpClient;

class Transfer {
  public:
    std::string url;
    std::vector<std::string> headers;
    HttpPolicy policy;
    long timeout_ms = 0;        ///< of the whole; 0: only stalls end it
    size_t body_bytes_max = 0;  ///< kept in `body`, when there is no on_body
    /// Both may refuse: the transfer ends with their error. `on_head` comes before the first byte of a body.
    std::function<Result<void>(const HttpHead&)> on_head;
    std::function<Result<void>(std::string_view)> on_body;

    HttpHead head;
    std::string body;
    bool done = false;
    std::optional<Error> error;  ///< of the network, or of a callback
    bool retryable = false;      ///< the error was the network's
    bool tls_failed = false;

    Transfer() = default;
    Transfer(const Transfer&) = delete;
    Transfer& operator=(const Transfer&) = delete;
    ~Transfer();

  private:
    friend class HttpClient;
    Result<void> deliver_head();
    static size_t take_header(char* bytes, size_t size, size_t count, void* self);
    static size_t take_body(char* bytes, size_t size, size_t count, void* self);
    static curl_socket_t open_socket(void* self, curlsocktype purpose, curl_sockaddr* address);
    void prepare();
    void finish(CURLcode code);

    HttpClient* client_ = nullptr;
    CURL* easy_ = nullptr;
    curl_slist* list_ = nullptr;
    size_t header_bytes_ = 0;
    bool head_delivered_ = false;
    bool address_refused_ = false;
    char reason_[CURL_ERROR_SIZE] = {};
};

class HttpClient {
  public:
    HttpClient();
    ~HttpClient();
    HttpClient(const HttpClient&) = delete;
    HttpClient& operator=(const HttpClient&) = delete;
    /// May be used again after it is done.
    void start(Transfer& transfer);
    void cancel(Transfer& transfer);
    /// Works for at most `wait_ms`; marks what has ended as done.
    void turn(int wait_ms);
    /// Until this one is done; others go on meanwhile.
    void run(Transfer& transfer);
    /// Lets time pass; transfers go on meanwhile.
    void rest(int64_t ms);
    /// unavailable once all transfers together were slower than the least rate: whatever `run` returned, no other try may
    /// follow.
    Result<void> check_pace() const;

  private:
    friend class Transfer;
    CURLM* multi_;
    Pace pace_;
};

/// Not for registries: link-local (cloud metadata lives there), unspecified, multicast; loopback unless allowed.
bool address_allowed(const sockaddr* address, bool allows_loopback);

/// curl's words without how long the attempt took, so that equal failures read equal and are counted as one event.
std::string without_duration(std::string message);

int64_t monotonic_ms();

struct UrlParts {
    std::string scheme;
    std::string host;       ///< without port
    std::string authority;  ///< host:port, the port always there
};
Result<UrlParts> parse_url(const std::string& url);
/// `location` may be relative.
Result<std::string> resolve_url(const std::string& base, const std::string& location);
std::string url_escape(const std::string& text);

}  // namespace orilla::images

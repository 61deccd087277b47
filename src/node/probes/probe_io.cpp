#include "probes/probe_io.hpp"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <memory>

namespace orilla::node {
namespace {

Error system_error(int number, const std::string& what) {
    return Error::from_errno(what, number).with_code(Code::unavailable);
}

struct SslFree {
    void operator()(SSL* ssl) const { SSL_free(ssl); }
};

/// Only made when a probe wants HTTPS: it costs memory.
SSL_CTX* client_context() {
    static SSL_CTX* context = [] {
        SSL_CTX* made = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_verify(made, SSL_VERIFY_NONE, nullptr);
        // Many servers end without saying so. What an answer lacks then, it tells itself.
        SSL_CTX_set_options(made, SSL_OP_IGNORE_UNEXPECTED_EOF);
        return made;
    }();
    return context;
}

/// The connection of one probe: plain or TLS, read and written without blocking.
class ProbeConnection {
  public:
    ProbeConnection(loop::Loop& loop, UniqueFd fd, bool tls) : fd_(std::move(fd)), watch_(loop, fd_.get()) {
        if (!tls) return;
        ssl_.reset(SSL_new(client_context()));
        SSL_set_fd(ssl_.get(), fd_.get());
        SSL_set_connect_state(ssl_.get());
    }

    loop::Task<Result<void>> write_all(std::string text) {
        size_t done = 0;
        while (done < text.size()) {
            ERR_clear_error();  // what others left would be taken for ours
            const ssize_t wrote = ssl_ ? SSL_write(ssl_.get(), text.data() + done, static_cast<int>(text.size() - done))
                                       : ::send(fd_.get(), text.data() + done, text.size() - done, MSG_NOSIGNAL);
            if (wrote > 0) {
                done += static_cast<size_t>(wrote);
                continue;
            }
            CO_CHECK(bool reading, wants_read(wrote, false));
            if (reading) co_await watch_.readable();
            else co_await watch_.writable();
        }
        co_return ok();
    }

    /// Empty at the end of the stream.
    loop::Task<Result<std::string>> read_some() {
        char buffer[1024];
        for (;;) {
            ERR_clear_error();
            const ssize_t got = ssl_ ? SSL_read(ssl_.get(), buffer, sizeof buffer) : ::read(fd_.get(), buffer, sizeof buffer);
            if (got > 0) co_return std::string(buffer, static_cast<size_t>(got));
            const bool ended = ssl_ ? SSL_get_error(ssl_.get(), static_cast<int>(got)) == SSL_ERROR_ZERO_RETURN : got == 0;
            if (ended) co_return std::string();
            CO_CHECK(bool reading, wants_read(got, true));
            if (reading) co_await watch_.readable();
            else co_await watch_.writable();
        }
    }

  private:
    /// After a call that did not go through: true to wait for input, false for output, or the error.
    Result<bool> wants_read(ssize_t rc, bool was_read) const {
        if (!ssl_) {
            if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR) return was_read;
            return system_error(errno, was_read ? "read" : "write");
        }
        const int code = SSL_get_error(ssl_.get(), static_cast<int>(rc));
        if (code == SSL_ERROR_WANT_READ) return true;
        if (code == SSL_ERROR_WANT_WRITE) return false;
        return Error(Code::unavailable, "TLS handshake or stream failed");
    }

    UniqueFd fd_;
    loop::FdWatch watch_;
    std::unique_ptr<SSL, SslFree> ssl_;
};

}  // namespace

loop::Task<Result<UniqueFd>> connect_tcp(loop::Loop& loop, std::string host, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    if (inet_pton(AF_INET, host.c_str(), &address.sin_addr) != 1)
        co_return Error(Code::unavailable, "dial tcp " + host + ": not an IPv4 address");
    const std::string what = "dial tcp " + host + ":" + std::to_string(port) + ": connect";
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) co_return system_error(errno, "socket");
    // A probe leaves nothing behind: no TIME_WAIT, as a reset closes it.
    const linger reset{1, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        if (errno != EINPROGRESS) co_return system_error(errno, what);
        loop::FdWatch watch(loop, fd.get());
        for (;;) {
            int failed = 0;
            socklen_t size = sizeof failed;
            getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
            if (failed) co_return system_error(failed, what);
            sockaddr_in peer{};
            socklen_t peer_size = sizeof peer;
            if (getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) break;
            co_await watch.writable();
        }
    }
    co_return std::move(fd);
}

std::string render_probe_request(const HttpProbeRequest& request) {
    std::string out = "GET " + request.url.target + " HTTP/1.1\r\n";
    bool host = false, agent = false, accept = false;
    std::string headers;
    for (const auto& [name, value] : request.headers) {
        std::string lower = name;
        std::transform(lower.begin(), lower.end(), lower.begin(), [](unsigned char c) { return tolower(c); });
        host |= lower == "host";
        agent |= lower == "user-agent";
        accept |= lower == "accept";
        headers += name + ": " + value + "\r\n";
    }
    if (!host) out += "Host: " + request.url.host + ":" + std::to_string(request.url.port) + "\r\n";
    if (!agent) out += "User-Agent: kube-probe/1.33\r\n";
    if (!accept) out += "Accept: */*\r\n";
    return out + headers + "Connection: close\r\n\r\n";
}

namespace {

loop::Task<Result<HttpAnswer>> ask_http(loop::Loop& loop, HttpProbeRequest request) {
    CO_TRY(UniqueFd fd, connect_tcp(loop, request.url.host, request.url.port));
    ProbeConnection connection(loop, std::move(fd), request.url.tls);
    CO_TRY_VOID(connection.write_all(render_probe_request(request)));
    HttpAnswer answer;
    for (bool complete = false; !complete;) {
        CO_TRY(std::string more, connection.read_some());
        if (more.empty()) {
            CO_CHECK_VOID(answer.end());
            break;
        }
        CO_CHECK(complete, answer.take(more));
    }
    co_return std::move(answer);
}

bool is_redirect(const HttpAnswer& answer) {
    const int status = answer.status();
    return (status == 301 || status == 302 || status == 303 || status == 307 || status == 308) && !answer.location().empty();
}

Result<ProbeAnswer> judge(const HttpAnswer& answer) {
    const int status = answer.status();
    if (status >= 200 && status < 300) return ProbeAnswer{};
    if (status >= 300 && status < 400) return ProbeAnswer{"Probe terminated redirects, Response body: " + answer.body()};
    return Error(Code::unavailable, "HTTP probe failed with statuscode: " + std::to_string(status));
}

/// The next request; a Host of the probe's own is only for where it was asked to go.
HttpProbeRequest plan_next(HttpProbeRequest request, ProbeUrl to, std::string_view location) {
    const auto names_host = [](const auto& header) {
        return header.first.size() == 4 && strncasecmp(header.first.c_str(), "host", 4) == 0;
    };
    if (is_absolute_location(location)) std::erase_if(request.headers, names_host);
    request.url = std::move(to);
    return request;
}

}  // namespace

loop::Task<Result<ProbeAnswer>> get_http(loop::Loop& loop, HttpProbeRequest request) {
    const std::string host = request.url.host;
    for (int asked = 1;; ++asked) {
        const std::string what = "Get \"" + render_url(request.url) + "\"";
        auto asking = ask_http(loop, request);
        auto answer = co_await std::move(asking);
        if (!answer) co_return std::move(answer).error().with_context(what);
        if (!is_redirect(*answer)) co_return judge(*answer);
        auto next = resolve_location(request.url, answer->location());
        if (!next) co_return std::move(next).error().with_context(what);
        if (next->host != host) co_return judge(*answer);
        if (asked == probe_requests_max)
            co_return Error(Code::unavailable, what + ": stopped after " + std::to_string(probe_requests_max) + " redirects");
        request = plan_next(std::move(request), std::move(*next), answer->location());
    }
}

}  // namespace orilla::node

#include "orilla/http/client.hpp"

#include <fmt/core.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "answer_reader.hpp"
#include "orilla/base/ipv4.hpp"
#include "orilla/base/text.hpp"
#include "orilla/http/tls.hpp"
#include "transport.hpp"

namespace orilla::http {
namespace {

Error unavailable(int number, const std::string& what) { return Error::from_errno(what, number).with_code(Code::unavailable); }

class ClientConnection final : public Duplex {
  public:
    ClientConnection(loop::Loop& loop, UniqueFd fd, std::unique_ptr<TlsContext> own, TlsContext* tls)
        : own_(std::move(own)), transport_(loop, std::move(fd), tls) {}

    loop::Task<Result<void>> shake_hands() {
        for (;;) {
            const IoResult result = transport_.try_handshake();
            if (result.state == IoState::done) co_return ok();
            CO_CHECK(const bool reading, wants_to_read(result, "TLS handshake"));
            if (reading) co_await transport_.watch().readable();
            else co_await transport_.watch().writable();
        }
    }

    loop::Task<Result<size_t>> read(char* buffer, size_t size) override {
        for (;;) {
            const IoResult result = transport_.try_read(buffer, size);
            if (result.state == IoState::done) co_return result.bytes;
            if (result.state == IoState::closed && result.error == 0) co_return size_t{0};
            CO_CHECK(const bool reading, wants_to_read(result, "read"));
            if (reading) co_await transport_.watch().readable();
            else co_await transport_.watch().writable();
        }
    }

    loop::Task<Result<void>> write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const IoResult result = transport_.try_write(bytes, {});
            if (result.state == IoState::done) {
                bytes.remove_prefix(result.bytes);
                continue;
            }
            CO_CHECK(const bool reading, wants_to_read(result, "write"));
            if (reading) co_await transport_.watch().readable();
            else co_await transport_.watch().writable();
        }
        co_return ok();
    }

    void end_writing() override { transport_.shut_down(); }

  private:
    /// After a call that did not go through: true to wait for input, false for output, or the error.
    Result<bool> wants_to_read(const IoResult& result, const std::string& what) const {
        if (result.state != IoState::closed) return result.state == IoState::wants_read;
        if (const std::string why = transport_.server_fault(); !why.empty())
            return Error(Code::unavailable, "tls: failed to verify certificate: " + why);
        if (transport_.encrypted()) return Error(Code::unavailable, "TLS handshake or stream failed");
        return unavailable(result.error == 0 ? EPIPE : result.error, what);
    }

    std::unique_ptr<TlsContext> own_;  ///< of this connection alone
    Transport transport_;
};

/// Of all who check nothing. Only made when one wants TLS: it costs memory.
Result<TlsContext*> careless_context() {
    static const Result<std::unique_ptr<TlsContext>> made = TlsContext::create_client({});
    if (!made) return made.error();
    return made->get();
}

bool has_header(const Headers& headers, std::string_view name) {
    return std::ranges::any_of(headers, [name](const auto& header) { return equal_fold(header.first, name); });
}

}  // namespace

std::string_view Answer::header(std::string_view name) const {
    for (const auto& [own, value] : headers)
        if (own == name) return value;
    return {};
}

loop::Task<Result<UniqueFd>> connect_tcp(loop::Loop& loop, std::string host, int port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<uint16_t>(port));
    if (const auto ip = parse_ipv4(host)) address.sin_addr.s_addr = htonl(ip->value);
    else co_return Error(Code::unavailable, fmt::format("dial tcp {}: not an IPv4 address", host));
    const std::string what = fmt::format("dial tcp {}:{}: connect", host, port);
    UniqueFd fd(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd) co_return unavailable(errno, "socket");
    const linger reset{1, 0};
    setsockopt(fd.get(), SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    if (::connect(fd.get(), reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        if (errno != EINPROGRESS) co_return unavailable(errno, what);
        loop::FdWatch watch(loop, fd.get());
        for (;;) {
            int failed = 0;
            socklen_t size = sizeof failed;
            getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &size);
            if (failed) co_return unavailable(failed, what);
            sockaddr_in peer{};
            socklen_t peer_size = sizeof peer;
            if (getpeername(fd.get(), reinterpret_cast<sockaddr*>(&peer), &peer_size) == 0) break;
            co_await watch.writable();
        }
    }
    co_return std::move(fd);
}

loop::Task<Result<std::unique_ptr<Duplex>>> connect(loop::Loop& loop, Url url, ServerTrust trust) {
    std::unique_ptr<TlsContext> own;
    TlsContext* tls = nullptr;
    if (url.tls && trust.authority.empty() && trust.certificate.empty() && trust.server_name.empty()) {
        CO_CHECK(tls, careless_context());
    } else if (url.tls) {
        if (trust.server_name.empty()) trust.server_name = url.host;
        CO_CHECK(own, TlsContext::create_client(trust));
        tls = own.get();
    }
    CO_TRY(UniqueFd fd, connect_tcp(loop, url.host, url.port));
    auto connection = std::make_unique<ClientConnection>(loop, std::move(fd), std::move(own), tls);
    if (url.tls) CO_TRY_VOID(connection->shake_hands());
    co_return std::unique_ptr<Duplex>(std::move(connection));
}

std::string render_request(const ClientRequest& request) {
    std::string out = fmt::format("{} {} HTTP/1.1\r\n", request.method, request.url.target);
    if (!has_header(request.headers, "host")) out += fmt::format("Host: {}:{}\r\n", request.url.host, request.url.port);
    for (const auto& [name, value] : request.headers) out += fmt::format("{}: {}\r\n", name, value);
    const bool tells_length = !request.body.empty() || request.method == "POST" || request.method == "PUT";
    if (tells_length && !has_header(request.headers, "content-length"))
        out += fmt::format("Content-Length: {}\r\n", request.body.size());
    if (!has_header(request.headers, "connection")) out += "Connection: close\r\n";
    return out + "\r\n" + request.body;
}

namespace {
loop::Task<Result<Answer>> read_answer(Duplex& connection, AnswerReader reader) {
    constexpr size_t read_bytes = 4 * 1024;
    const auto buffer = std::make_unique_for_overwrite<char[]>(read_bytes);
    for (bool complete = false; !complete;) {
        CO_TRY(const size_t got, connection.read(buffer.get(), read_bytes));
        if (got == 0) {
            CO_CHECK_VOID(reader.end());
            break;
        }
        CO_CHECK(complete, reader.take(std::string_view(buffer.get(), got)));
    }
    co_return reader.take_answer();
}
}  // namespace

loop::Task<Result<Answer>> ask(Duplex& connection, ClientRequest request, AnswerLimits limits) {
    const std::string text = render_request(request);
    AWAIT(auto written, connection.write(text));
    // A server that does not want a body answers before it has read it, and closes: what it says is here in spite of that.
    AnswerReader reader(limits, request.method == "HEAD");
    AWAIT(auto answer, read_answer(connection, std::move(reader)));
    if (!written && !answer) co_return std::move(written).error();
    co_return std::move(answer);
}

loop::Task<Result<Answer>> ask(loop::Loop& loop, ClientRequest request, AnswerLimits limits, ServerTrust trust) {
    CO_TRY(const std::unique_ptr<Duplex> connection, connect(loop, request.url, std::move(trust)));
    CO_RETURN_AWAIT(ask(*connection, std::move(request), limits));
}

}  // namespace orilla::http

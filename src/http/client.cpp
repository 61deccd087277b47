#include "orilla/http/client.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "answer_reader.hpp"
#include "dial.hpp"
#include "orilla/base/text.hpp"
#include "orilla/http/tls.hpp"
#include "transport.hpp"

namespace orilla::http {
namespace {

class ClientConnection final : public Duplex {
  public:
    ClientConnection(std::unique_ptr<TlsContext> own, std::unique_ptr<Transport> transport)
        : own_(std::move(own)), transport_(std::move(transport)) {}

    loop::Task<Result<size_t>> read(char* buffer, size_t size) override {
        for (;;) {
            const IoResult result = transport_->try_read(buffer, size);
            if (result.state == IoState::done) co_return result.bytes;
            if (result.state == IoState::closed && result.error == 0) co_return size_t{0};
            CO_CHECK(const bool reading, wants_to_read(*transport_, result, "read"));
            if (reading) co_await transport_->watch().readable();
            else co_await transport_->watch().writable();
        }
    }

    loop::Task<Result<void>> write(std::string_view bytes) override {
        while (!bytes.empty()) {
            const IoResult result = transport_->try_write(bytes, {});
            if (result.state == IoState::done) {
                bytes.remove_prefix(result.bytes);
                continue;
            }
            CO_CHECK(const bool reading, wants_to_read(*transport_, result, "write"));
            if (reading) co_await transport_->watch().readable();
            else co_await transport_->watch().writable();
        }
        co_return ok();
    }

    void end_writing() override { transport_->shut_down(); }

  private:
    std::unique_ptr<TlsContext> own_;  ///< of this connection alone
    std::unique_ptr<Transport> transport_;
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

std::unique_ptr<Duplex> make_duplex(std::unique_ptr<TlsContext> own, std::unique_ptr<Transport> transport) {
    return std::make_unique<ClientConnection>(std::move(own), std::move(transport));
}

std::string_view Answer::header(std::string_view name) const {
    for (const auto& [own, value] : headers)
        if (own == name) return value;
    return {};
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
    CO_TRY(auto transport, shake_hands(loop, std::move(fd), tls));
    co_return make_duplex(std::move(own), std::move(transport));
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
loop::Task<Result<Answer>> read_answer(Duplex& connection, AnswerReader* reader) {
    constexpr size_t read_bytes = 4 * 1024;
    const auto buffer = std::make_unique_for_overwrite<char[]>(read_bytes);
    for (bool complete = false; !complete;) {
        CO_TRY(const size_t got, connection.read(buffer.get(), read_bytes));
        if (got == 0) {
            CO_CHECK_VOID(reader->end());
            break;
        }
        CO_CHECK(complete, reader->take(std::string_view(buffer.get(), got)));
    }
    co_return reader->take_answer();
}
}  // namespace

loop::Task<Result<Answer>> ask(Duplex& connection, ClientRequest request, AnswerLimits limits) {
    const std::string text = render_request(request);
    AWAIT(auto written, connection.write(text));
    // A server that does not want a body answers before it has read it, and closes: what it says is here in spite of that.
    AnswerReader reader(limits, request.method == "HEAD");
    AWAIT(auto answer, read_answer(connection, &reader));
    if (!written && !answer) co_return std::move(written).error();
    co_return std::move(answer);
}

loop::Task<Result<Answer>> ask(loop::Loop& loop, ClientRequest request, AnswerLimits limits, ServerTrust trust) {
    CO_TRY(const std::unique_ptr<Duplex> connection, connect(loop, request.url, std::move(trust)));
    CO_RETURN_AWAIT(ask(*connection, std::move(request), limits));
}

}  // namespace orilla::http

// HTTP/2 on a connection that began as any other: its caller is known, its socket is read and written by it.
#pragma once

#include <optional>
#include <string_view>

#include "connection.hpp"
#include "h2/server.hpp"

namespace orilla::http {

class Http2Host final : public OtherProtocol, public H2Host {
  public:
    explicit Http2Host(Connection& connection)
        : connection_(connection), wire_(*this), server_(connection.shared_, *this, wire_) {}

    /// Whether the first bytes are those of a client that knows. What was read stays for whoever reads next.
    static loop::Task<bool> is_announced(Connection* connection);

    loop::Task<void> run() override { return server_.run(); }
    int64_t deadline_ms() const override { return server_.deadline_ms(); }
    bool expire(int64_t now_ms) override { return server_.expire(now_ms); }
    void say_goodbye() override;
    void leave() override { server_.go_away(); }

  private:
    class Wire final : public Duplex {
      public:
        explicit Wire(Http2Host& http2) : http2_(http2) {}
        loop::Task<Result<size_t>> read(char* buffer, size_t size) override {
            return http2_.connection_.read_upgraded(buffer, size);
        }
        loop::Task<Result<void>> write(std::string_view bytes) override { return http2_.write(bytes); }
        void end_writing() override { http2_.connection_.transport_.shut_down(); }

      private:
        Http2Host& http2_;
    };

    loop::Task<Result<void>> write(std::string_view bytes);
    void describe(Request& request) const override;
    bool is_refused() const override { return connection_.is_refused_; }
    bool begin_request() override { return connection_.shared_.owner.count_request(connection_, true); }
    void end_request() override { connection_.shared_.owner.count_request(connection_, false); }
    bool begin_watch() override { return connection_.shared_.owner.begin_watch(connection_); }
    void end_watch() override { connection_.shared_.owner.end_watch(connection_); }
    void wait_for_client(std::optional<SendBudget::Waiting>& waiting, SendBudget::Unsent unsent) override {
        connection_.sender_.wait_for_client(waiting, std::move(unsent));
    }
    void note_idle(bool is_idle) override;
    void note_deadline(int64_t deadline_ms) override { connection_.shared_.owner.note_deadline(deadline_ms); }

    Connection& connection_;
    Wire wire_;
    H2Server server_;
};

}  // namespace orilla::http

// One client's connection: reads a request, has it answered, writes the answer, again. It promises one request at a
// time (the next one waits in the socket or, pipelined, in a bounded buffer), that a slow or silent client costs a
// deadline and no timer, and that a stream ends as soon as its client is gone.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "http_message.hpp"
#include "http_parser.hpp"
#include "orilla/loop/loop.hpp"
#include "transport.hpp"

namespace orilla::server {

struct ConnectionLimits {
    HttpLimits http;
    int64_t handshake_ms_max = 10'000;
    int64_t idle_ms_max = 180'000;       ///< between requests
    int64_t stranger_ms_max = 10'000;    ///< the same for who will be refused anyway
    int64_t head_ms_max = 10'000;        ///< from the first byte of a request to the end of its head
    int64_t body_ms_max = 60'000;        ///< from there to the end of its body
    int64_t write_stall_ms_max = 60'000; ///< without one byte taken by the client
    int64_t linger_ms_max = 2'000;       ///< after a refusal, for what the client still sends
    size_t linger_bytes_max = 8 * 1024 * 1024;
    size_t pipelined_bytes_max = 64 * 1024;
};

struct HttpCounters {
    uint64_t connections = 0;
    uint64_t connections_refused = 0;
    uint64_t requests = 0;
    uint64_t answers_by_class[6] = {};  ///< [2]: 2xx
    uint64_t timeouts = 0;
};

class Connection {
  public:
    /// What every connection of a listener shares; must outlive it.
    struct Shared {
        loop::Loop& loop;
        Handler& handler;
        const ConnectionLimits& limits;
        HttpCounters& counters;
        /// Called when a deadline was set, so that the one timer of the listener can look again.
        std::function<void(int64_t deadline_ms)> note_deadline;
        /// Called once when it has ended or its client is gone; destroys it in a later turn.
        std::function<void(Connection&)> retire;
        /// One buffer for all reads: it is empty again before anybody else runs. On the heap, untouched until the first
        /// read: as thread-local storage the C library would write its zeros anew for every thread.
        std::unique_ptr<char[]> read_buffer = std::make_unique_for_overwrite<char[]>(read_bytes);
        BodyBudget bodies{};
    };
    static constexpr size_t read_bytes = 64 * 1024;

    Connection(Shared& shared, UniqueFd fd, TlsContext* tls, Identity identity);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void start();
    /// Monotonic; INT64_MAX when nothing is waited for that could be late.
    int64_t deadline_ms() const { return deadline_ms_; }
    bool is_stranger() const { return identity_.kind != Identity::Kind::admin; }

  private:
    loop::Task<void> serve();
    loop::Task<bool> shake_hands();
    loop::Task<bool> read_request();
    loop::Task<bool> read_some();
    loop::Task<bool> answer_request();
    loop::Task<bool> write_response(Response response);
    loop::Task<bool> write_stream(Response response);
    loop::Task<bool> write_piece(std::string* piece, bool chunked);
    loop::Task<bool> write_all(std::string_view first, std::string_view second);
    loop::Task<void> watch_for_hang_up();
    loop::Task<void> linger();
    loop::Task<bool> answer_http_error();
    void feed_pending();
    void render_head(const Response& response, bool chunked);
    void set_deadline(int64_t deadline_ms);

    Shared& shared_;
    Transport transport_;
    Identity identity_;
    RequestParser parser_;
    std::string pending_;  ///< bytes after the current request
    std::string out_;      ///< head of the answer, and its body when small
    int64_t deadline_ms_ = INT64_MAX;
    unsigned turns_ = 0;
    bool keep_alive_ = true;
    bool is_head_ = false;
    bool unread_ = false;  ///< the answer came before the whole request
    loop::Scope scope_;
};

}  // namespace orilla::server

// One client's connection: reads a request, has it answered, writes the answer, again. It promises one request at a
// time (the next one waits in the socket or, pipelined, in a bounded buffer), that a slow or silent client costs a
// deadline and no timer, that an idle one holds no buffer, that a stream ends as soon as its client is gone, and that who is
// refused hears it: its request is read before it is answered 429, because a socket that is closed with unread bytes resets.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "orilla/http/message.hpp"
#include "orilla/http/server.hpp"
#include "orilla/loop/loop.hpp"
#include "parser.hpp"
#include "send_budget.hpp"
#include "transport.hpp"

namespace orilla::http {

/// `Date: ...`, made once a second.
class DateLine {
  public:
    /// With its line end; empty as long as the clock is not set, when a wrong date would be worse than none.
    const std::string& at(int64_t wall_s);

  private:
    int64_t made_at_s_ = -1;
    std::string text_;
};

class Connection;
using CallerPtr = std::shared_ptr<const Caller>;

/// What is spoken on a connection instead of HTTP/1.1, from its first byte on.
class OtherProtocol {
  public:
    virtual ~OtherProtocol() = default;
    virtual loop::Task<void> run() = 0;
    virtual int64_t deadline_ms() const = 0;
    /// Ends what is late. True when that is the connection.
    virtual bool expire(int64_t now_ms) = 0;
    virtual void say_goodbye() = 0;
};

/// Who keeps all connections, and knows what each client has already.
class ConnectionOwner {
  public:
    virtual ~ConnectionOwner() = default;
    /// A deadline was set: the one timer for all has to look again.
    virtual void note_deadline(int64_t deadline_ms) = 0;
    /// It has ended, its client is gone, or it has to go: destroys it in a later turn.
    virtual void retire(Connection& connection) = 0;
    /// Its peer is known from now on. False: this client has too many, its request is to be answered 429.
    virtual bool identified(Connection& connection) = 0;
    /// False: its client has too many watches. Otherwise `end_watch` follows, unless the connection ends first.
    virtual bool begin_watch(Connection& connection) = 0;
    virtual void end_watch(Connection& connection) = 0;
    /// The same of requests, where many go on over one connection: one more or one less.
    virtual bool count_request(Connection& connection, bool begins) = 0;
};

/// What a connection needs as long as a request is under way; idle ones share the few that are spare.
struct Work {
    Work(const ParserLimits& limits, BodyBudget* budget) : parser(limits, budget) {}
    RequestParser parser;
    std::string out;  ///< head of the answer, and its body when small
};

/// Where a connection has come from.
struct Origin {
    ListenerOptions options;
    std::string client;  ///< its address and port
};

class Connection final : private BodyJudge, private InterimAnswers, private loop::HangUpListener {
  public:
    /// What all connections share; must outlive them.
    struct Shared {
        loop::Loop& loop;
        Handler& handler;
        const ConnectionLimits& limits;
        Counters& counters;
        ConnectionOwner& owner;
        SendBudget& unsent;
        /// One buffer for all reads: it is empty again before anybody else runs. On the heap, untouched until the first
        /// read: as thread-local storage the C library would write its zeros anew for every thread.
        std::unique_ptr<char[]> read_buffer = std::make_unique_for_overwrite<char[]>(read_bytes);
        BodyBudget bodies{};
        DateLine date{};
        std::vector<std::unique_ptr<Work>> spare{};
    };
    static constexpr size_t read_bytes = 64 * 1024;

    /// `caller` null: its peer is known once it has shaken hands.
    Connection(Shared& shared, UniqueFd fd, TlsContext* tls, CallerPtr caller, Origin origin);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void start();
    /// Before `start`: who knows that HTTP/2 is spoken here may begin with it.
    void allow_http_2() { may_speak_http_2_ = true; }
    /// Before `start`: whoever this is, its request is to be answered 429.
    void refuse_as_busy() { is_refused_ = true; }
    const Caller& caller() const { return *caller_; }
    /// Between two requests since then; -1 while there is something to do.
    int64_t idle_since_ms() const { return idle_since_ms_; }
    /// A request has arrived that was not looked at yet.
    bool has_unread() const { return transport_.has_unread(); }
    /// Ends it without a word; for one that is idle.
    void say_goodbye() {
        if (other_) other_->say_goodbye();
        transport_.shut_down();
    }
    /// Monotonic; INT64_MAX when nothing is waited for that could be late.
    int64_t deadline_ms() const {
        const int64_t first = std::min(deadline_ms_, write_deadline_ms_);
        return other_ ? std::min(first, other_->deadline_ms()) : first;
    }
    /// A deadline has passed. True when the connection has to end for it; HTTP/2 may end one of its streams instead.
    bool expire(int64_t now_ms) {
        return !other_ || std::min(deadline_ms_, write_deadline_ms_) <= now_ms || other_->expire(now_ms);
    }

  private:
    class Upgraded;
    class IncomingBody;
    friend class Http2Host;
    enum class Sent : uint8_t { all, some, broken };
    bool is_let_in() const { return !is_refused_ && caller_ && caller_->admitted; }
    RequestParser& parser() { return work_->parser; }
    // BodyJudge, InterimAnswers, HangUpListener
    bool streams_body(Request& request) override;
    loop::Task<Result<void>> send(int status, std::string headers) override;
    void hung_up() override;

    loop::Task<void> serve();
    loop::Task<bool> read_proxy_header();
    loop::Task<bool> prepare();
    void begin_work();
    void end_work();
    void begin_request();
    void note_progress();
    bool is_request_here();
    IoState read_step();
    loop::Task<bool> answer_request();
    loop::Task<bool> answer_handled(BodyStream* body);
    loop::Task<bool> send_response(Response* response);
    loop::Task<bool> write_response(Response* response);
    loop::Task<bool> write_stream(Response* response);
    loop::Task<bool> write_body_stream(Response* response);
    loop::Task<bool> hand_over(Response* response);
    loop::Task<Result<size_t>> read_upgraded(char* buffer, size_t size);
    loop::Task<bool> write_pieces(Response* response, bool chunked);
    loop::Task<bool> write_piece(std::string* piece, std::shared_ptr<const std::string> shared, bool chunked);
    Sent try_write_all(std::string_view& first, std::string_view& second);
    loop::Task<bool> write_all(std::string_view first, std::string_view second, std::shared_ptr<const void> shared);
    loop::Task<void> watch_for_hang_up();
    loop::Task<void> linger();
    loop::Task<bool> answer_http_error(int status, std::string text);
    void wait_for_client(std::optional<SendBudget::Waiting>& waiting, SendBudget::Unsent unsent);
    void feed_pending();
    void take_pending(std::string* out);
    void drop_rest_of_body();
    void render_head(const Response& response, BodyKind kind, std::optional<uint64_t> length);
    void set_deadline(int64_t deadline_ms);
    void set_write_deadline(int64_t deadline_ms);

    Shared& shared_;
    Transport transport_;
    CallerPtr caller_;
    Origin origin_;
    std::string server_name_;
    std::unique_ptr<Work> work_;
    std::string pending_;  ///< bytes after the current request, or of its body
    int64_t deadline_ms_ = INT64_MAX;
    int64_t write_deadline_ms_ = INT64_MAX;
    int64_t idle_since_ms_ = -1;
    unsigned turns_ = 0;
    RequestParser::State seen_ = RequestParser::State::idle;  ///< when its deadline was set
    bool keep_alive_ = true;
    bool is_head_ = false;
    bool unread_ = false;  ///< the answer came before the whole request
    bool is_refused_ = false;
    bool is_watching_ = false;
    bool is_handling_ = false;       ///< from the request's arrival to the end of its answer
    bool has_answered_ = false;      ///< the answer's head has gone out
    bool may_speak_http_2_ = false;  ///< plain, with prior knowledge
    std::unique_ptr<OtherProtocol> other_;
    loop::Scope scope_;
};

}  // namespace orilla::http

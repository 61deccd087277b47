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

#include "answer_writer.hpp"
#include "connection_shared.hpp"
#include "orilla/http/message.hpp"
#include "orilla/http/server.hpp"
#include "orilla/loop/loop.hpp"
#include "parser.hpp"
#include "sender.hpp"
#include "transport.hpp"

namespace orilla::http {

/// Where a connection has come from.
struct Origin {
    ListenerOptions options;
    std::string client;  ///< its address and port
};

class Connection final : private BodyJudge, private InterimAnswers, private loop::HangUpListener {
  public:
    using Shared = ConnectionShared;
    static constexpr size_t read_bytes = connection_read_bytes;

    /// `caller` null: its peer is known once it has shaken hands.
    Connection(Shared& shared, UniqueFd fd, TlsContext* tls, CallerPtr caller, Origin origin);
    ~Connection() override;
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void start() { scope_.spawn(serve()); }
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
        const int64_t first = std::min(deadline_ms_, sender_.deadline_ms());
        return other_ ? std::min(first, other_->deadline_ms()) : first;
    }
    /// A deadline has passed. True when the connection has to end for it; HTTP/2 may end one of its streams instead.
    bool expire(int64_t now_ms) {
        if (!other_) return true;
        if (std::min(deadline_ms_, sender_.deadline_ms()) > now_ms) return other_->expire(now_ms);
        end_politely();
        return true;
    }
    /// The server goes: who speaks HTTP/2 is told, and loses no request by it.
    void end_politely() {
        if (other_) say_goodbye();
    }
    /// Its listener has gone.
    void leave() {
        if (other_) other_->leave();
    }

    /// Runs beside an answer that streams: nothing else reads then, and a client that is gone must not be waited for.
    loop::Task<void> watch_for_hang_up();
    bool has_whole_request() const { return work_->parser.state() == RequestParser::State::complete; }

  private:
    class Upgraded;
    class IncomingBody;
    friend class Http2Host;
    bool is_let_in() const { return !is_refused_ && caller_ && caller_->admitted; }
    RequestParser& parser() { return work_->parser; }
    // BodyJudge, InterimAnswers, HangUpListener
    bool streams_body(Request& request) override { return is_let_in() && shared_.handler.streams_body(request); }
    loop::Task<Result<void>> send(int status, std::string headers) override;
    /// Whoever ended its side before its request was looked at may be one that says all it has to say at once.
    void hung_up() override {
        if (is_handling_ && !sender_.is_watch) shared_.owner.retire(*this);
    }

    loop::Task<void> serve();
    loop::Task<bool> prepare();
    void begin_work();
    void end_work();
    void begin_request();
    void note_progress() {
        seen_ = parser().state();
        idle_since_ms_ = -1;
        if (seen_ == RequestParser::State::head) set_deadline(shared_.loop.now_ms() + shared_.limits.head_ms_max);
        if (seen_ == RequestParser::State::body) set_deadline(shared_.loop.now_ms() + shared_.limits.body_ms_max);
    }
    bool is_request_here();
    IoState read_step();
    loop::Task<bool> answer_request();
    loop::Task<bool> answer_handled(BodyStream* body);
    loop::Task<bool> send_response(Response* response);
    loop::Task<bool> hand_over(Response* response);
    loop::Task<Result<size_t>> read_upgraded(char* buffer, size_t size);
    loop::Task<bool> answer_http_error(int status, std::string text);
    void feed_pending();
    void take_pending(std::string* out);
    void drop_rest_of_body();
    void set_deadline(int64_t deadline_ms) {
        deadline_ms_ = deadline_ms;
        if (deadline_ms != INT64_MAX) shared_.owner.note_deadline(deadline_ms);
    }

    Shared& shared_;
    Transport transport_;
    CallerPtr caller_;
    Origin origin_;
    std::string server_name_;
    std::unique_ptr<Work> work_;
    std::string pending_;  ///< bytes after the current request, or of its body
    int64_t deadline_ms_ = INT64_MAX;
    int64_t idle_since_ms_ = -1;
    unsigned turns_ = 0;
    RequestParser::State seen_ = RequestParser::State::idle;  ///< when its deadline was set
    bool unread_ = false;                                     ///< the answer came before the whole request
    bool is_refused_ = false;
    bool is_handling_ = false;       ///< from the request's arrival to the end of its answer
    bool may_speak_http_2_ = false;  ///< plain, with prior knowledge
    std::unique_ptr<OtherProtocol> other_;
    Sender sender_;
    AnswerWriter writer_;
    loop::Scope scope_;
};

}  // namespace orilla::http

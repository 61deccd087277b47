// What all connections of a server share, and what they tell the one who keeps them.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "orilla/http/message.hpp"
#include "orilla/http/server.hpp"
#include "orilla/loop/loop.hpp"
#include "parser.hpp"
#include "send_budget.hpp"

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
    /// What has begun goes on, nothing new is taken.
    virtual void leave() = 0;
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

constexpr size_t connection_read_bytes = 64 * 1024;

/// Outlives them.
struct ConnectionShared {
    loop::Loop& loop;
    Handler& handler;
    const ConnectionLimits& limits;
    Counters& counters;
    ConnectionOwner& owner;
    SendBudget& unsent;
    /// One buffer for all reads: it is empty again before anybody else runs. On the heap, untouched until the first
    /// read: as thread-local storage the C library would write its zeros anew for every thread.
    std::unique_ptr<char[]> read_buffer = std::make_unique_for_overwrite<char[]>(connection_read_bytes);
    BodyBudget bodies{};
    DateLine date{};
    std::vector<std::unique_ptr<Work>> spare{};
};

}  // namespace orilla::http

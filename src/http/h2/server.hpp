// The server's side of an HTTP/2 connection: each stream is a task that has its request answered by the same Handler that
// answers HTTP/1.1's. It promises that a stream that its client resets ends at once, that a client that neither sends nor takes
// what was begun costs a deadline, and that what is refused hears why.
#pragma once

#include <cstdint>
#include <list>
#include <memory>
#include <optional>

#include "connection.hpp"
#include "orilla/http/duplex.hpp"
#include "orilla/http/message.hpp"
#include "pump.hpp"
#include "session.hpp"

namespace orilla::http {

/// What streams share, and need of the connection below them.
class H2Host {
  public:
    virtual ~H2Host() = default;
    /// Says who asks, and over what.
    virtual void describe(Request& request) const = 0;
    /// All requests of this connection are answered 429.
    virtual bool is_refused() const = 0;
    /// False: its client has too many.
    virtual bool begin_request() = 0;
    virtual void end_request() = 0;
    virtual bool begin_watch() = 0;
    virtual void end_watch() = 0;
    /// A piece of an answer waits for its client: it counts from now on.
    virtual void wait_for_client(std::optional<SendBudget::Waiting>& waiting, SendBudget::Unsent unsent) = 0;
    /// There are no streams, or there are again.
    virtual void note_idle(bool is_idle) = 0;
    virtual void note_deadline(int64_t deadline_ms) = 0;
};

class H2Server final : private H2Heads {
  public:
    /// `shared`, `host` and `connection` outlive it.
    H2Server(Connection::Shared& shared, H2Host& host, Duplex& connection);
    ~H2Server();
    H2Server(const H2Server&) = delete;
    H2Server& operator=(const H2Server&) = delete;

    /// Until the connection is over.
    loop::Task<void> run();
    /// Of whatever is late first; INT64_MAX when nothing can be late.
    int64_t deadline_ms() const;
    /// Ends streams that are late. True when the connection as a whole is.
    bool expire(int64_t now_ms);
    /// Streams that have begun go on, others are not taken any more.
    void go_away();
    /// The same, for one that ends at once: what is left to send.
    std::string last_words();

  private:
    class Served;
    void on_head(H2Stream& stream) override;
    void moved();

    Connection::Shared& shared_;
    H2Host& host_;
    std::unique_ptr<H2Session> session_;
    std::unique_ptr<H2Pump> pump_;
    std::vector<H2Stream*> fresh_;  ///< that have a head and no task yet
    std::list<std::unique_ptr<Served>> served_;
    loop::Event ended_;
    int64_t head_deadline_ms_ = INT64_MAX;
    bool is_leaving_ = false;
    loop::Scope scope_;
};

}  // namespace orilla::http

// Moves bytes between a session and its connection, in two tasks. It promises to send when there is something to send and to
// stop reading while the other side does not take what was said to it.
#pragma once

#include <functional>
#include <string>

#include "orilla/http/duplex.hpp"
#include "orilla/loop/loop.hpp"
#include "session.hpp"

namespace orilla::http {

class H2Pump {
  public:
    static constexpr size_t read_bytes = 16 * 1024;

    /// They outlive it. `buffer` of so many bytes is only used between a read and what follows from it. `moved` is called after
    /// each batch of bytes in or out, outside of the session.
    H2Pump(loop::Loop& loop, Duplex& connection, H2Session& session, char* buffer, std::function<void()> moved);

    /// Each of them ends when nothing more will come of it.
    loop::Task<void> read();
    loop::Task<void> write();
    /// There may be something to send.
    void wake() { to_write_.notify_all(); }
    bool is_over() const { return is_over_; }
    bool is_writing() const { return is_writing_; }
    /// Why; empty when it ended in order.
    const std::string& fault() const { return fault_; }

  private:
    void end(std::string fault);

    loop::Loop& loop_;
    Duplex& connection_;
    H2Session& session_;
    char* buffer_;
    std::function<void()> moved_;
    std::string out_;
    std::string fault_;
    loop::Event to_write_;
    loop::Event written_;
    bool is_over_ = false;
    bool is_writing_ = false;
};

}  // namespace orilla::http

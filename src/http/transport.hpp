// One connected socket, plain or TLS, with the two calls that a connection needs: try to read, try to write. Neither
// waits; `wants_read` and `wants_write` say what to wait for on `watch()`. An idle connection holds no buffer (OpenSSL releases
// its own).
#pragma once

#include <sys/types.h>

#include <string>
#include <string_view>

#include "orilla/base/unique_fd.hpp"
#include "orilla/http/message.hpp"
#include "orilla/loop/loop.hpp"

struct ssl_st;

namespace orilla::http {

class TlsContext;

enum class IoState { done, wants_read, wants_write, closed };

struct IoResult {
    IoState state = IoState::closed;
    size_t bytes = 0;  ///< with `done`: read or written; never 0
    int error = 0;     ///< with `closed`: errno; 0 when the peer has ended its stream in order
};

class Transport {
  public:
    /// `tls` null: plain.
    Transport(loop::Loop& loop, UniqueFd fd, TlsContext* tls);
    ~Transport();
    Transport(const Transport&) = delete;
    Transport& operator=(const Transport&) = delete;

    int fd() const { return fd_.get(); }
    bool encrypted() const { return is_encrypted_; }
    loop::FdWatch& watch() { return watch_; }

    /// TLS only; `done` when the handshake is over.
    IoResult try_handshake();
    /// The subject of a client certificate that our CA signed; nobody without one.
    Peer peer() const;
    /// Whom a client of TLS wants to speak to (SNI), in small letters; empty without one.
    std::string server_name() const;
    /// Before the handshake of a client.
    void offer_http_2();
    /// Both sides have agreed on it (ALPN).
    bool chose_http_2() const;
    /// Why a client does not believe its server; empty when it does, or does not ask.
    std::string server_fault() const;

    /// Something is there to be read, if only a part of a TLS record.
    bool has_unread() const;
    IoResult try_read(char* buffer, size_t size);
    /// Of what comes before TLS: shows the next bytes, as many as are there, and takes them.
    IoResult try_peek(char* buffer, size_t size) const;
    void skip(size_t bytes) const;
    /// Two pieces, because a head and a large body live apart.
    IoResult try_write(std::string_view first, std::string_view second);
    /// Says goodbye (TLS close_notify, then FIN) as far as that goes without waiting.
    void shut_down();
    /// No byte goes or comes any more; whoever waits for one hears that.
    void abort();

  private:
    IoResult ssl_result(int code);
    UniqueFd fd_;
    loop::FdWatch watch_;
    const bool is_encrypted_;  ///< or to be: without memory for a session the handshake fails
    ssl_st* ssl_ = nullptr;
    bool drained_ = false;  ///< the last read was short: nothing is there until the next edge
};

}  // namespace orilla::http

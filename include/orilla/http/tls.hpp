// TLS for listeners and clients: one OpenSSL context each. A listener asks every client for a certificate but lets the
// handshake finish without one, so that the answer can be an answer instead of a broken connection. Dates are not checked:
// the box may boot in 1970.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace orilla::http {

/// PEM texts of a server.
struct TlsKeys {
    std::string certificate;  ///< its own, behind it those that have signed it
    std::string key;
    std::string client_authority;              ///< whose certificates of clients count; empty: none is asked for
    bool requires_client_certificate = false;  ///< one that does not count, or none, ends the handshake
    bool offers_http_2 = false;                ///< besides HTTP/1.1, by ALPN
};

struct ServerTrust;

class TlsContext {
  public:
    static Result<std::unique_ptr<TlsContext>> create(const TlsKeys& keys);
    /// Of a server that shows what fits the name that a client asks for (SNI, in small letters; empty without one). Null: the
    /// handshake is refused. Asked once for each connection, which keeps what was chosen then.
    using Choose = std::function<std::shared_ptr<TlsContext>(std::string_view server_name)>;
    static Result<std::unique_ptr<TlsContext>> create_choosing(Choose choose);
    /// For the client's side.
    static Result<std::unique_ptr<TlsContext>> create_client(const ServerTrust& trust);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    /// A session on the fd; freed by the caller with SSL_free. Null when there is no memory for it, or when the name of the
    /// server cannot be one.
    ssl_st* new_session(int fd);

  private:
    static int choose_by_name(ssl_st* session, int* alert, void* self);
    explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
    ssl_ctx_st* context_;
    bool is_client_ = false;
    std::string server_name_;  ///< that a client expects
    std::vector<std::string> accepted_names_;
    Choose choose_;
};

}  // namespace orilla::http

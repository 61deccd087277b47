// The TLS side of the API's listener: one OpenSSL context made from the box's PKI. It asks every client for a
// certificate but lets the handshake finish without one, so that the answer can be a Status 401 instead of a broken
// connection. Dates are not checked: the box may boot in 1970.
#pragma once

#include <memory>

#include "orilla/base/result.hpp"
#include "orilla/server/pki.hpp"

struct ssl_ctx_st;
struct ssl_st;

namespace orilla::server {

class TlsContext {
  public:
    static Result<std::unique_ptr<TlsContext>> create(const Pki& pki);
    ~TlsContext();
    TlsContext(const TlsContext&) = delete;
    TlsContext& operator=(const TlsContext&) = delete;

    /// A server session on the fd; freed by the caller with SSL_free. Null when memory is out.
    ssl_st* new_session(int fd);

  private:
    explicit TlsContext(ssl_ctx_st* context) : context_(context) {}
    ssl_ctx_st* context_;
};

}  // namespace orilla::server

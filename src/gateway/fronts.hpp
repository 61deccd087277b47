// What clients are shown over TLS: the certificates with what OpenSSL makes of them, made when they are first asked for.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "certificates.hpp"
#include "orilla/http/tls.hpp"

namespace orilla::gateway {

class Fronts {
  public:
    std::vector<Fault> apply(const Change& change);
    /// Null when the listener's settings are no good.
    std::shared_ptr<http::TlsContext> find(const Listener& listener, std::string_view server_name);

  private:
    CertificateTable certificates_;
    std::map<std::string, std::shared_ptr<http::TlsContext>> shown_;  ///< by certificate and, where clients are asked, listener
};

}  // namespace orilla::gateway

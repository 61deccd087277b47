// Which certificate a client is shown: of those that its listener has the one that is for the name that the client asks for
// (SNI), a name of its own before a wildcard, else the listener's first one. One that cannot be read is a fault and is not
// shown; its listener goes on. A listener without any shows a certificate that nobody has signed.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "host_table.hpp"
#include "orilla/gateway/routes.hpp"

namespace orilla::gateway {

/// Names that one certificate may be chosen for.
constexpr size_t certificate_names_max = 256;

class CertificateTable {
  public:
    /// Takes over the certificates. Answers what cannot be read, and, without a message, what can be read again.
    std::vector<Fault> apply(const Change& change);
    /// Null where the listener has none that can be read. Valid until the next change.
    const Certificate* find(const Listener& listener, std::string_view server_name) const;
    size_t size() const { return entries_.size(); }

  private:
    struct Entry {
        Certificate certificate;
        std::vector<std::string> names;  ///< in small letters
        bool is_good = false;
    };
    static Result<std::vector<std::string>> read_names(const Certificate& certificate);
    ByText<Entry> entries_;
};

/// A new key and a certificate for nobody in particular, valid for ever.
Result<Certificate> make_self_signed_certificate();

}  // namespace orilla::gateway

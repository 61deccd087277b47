// Makes and reads X.509 certificates on P-256 keys. They are valid from 1970 to 9999, because the box has no clock to
// rely on.
#pragma once

#include <string>

#include "openssl_types.hpp"
#include "orilla/server/pki.hpp"

namespace orilla::server {

struct Authority {
    CertificatePtr certificate;
    KeyPtr key;
};

Result<KeyPtr> make_key();
Result<Authority> make_authority(const std::string& common_name);
Result<Authority> parse_authority(const std::string& certificate_pem, const std::string& key_pem);
/// PEM texts.
Result<std::string> sign_server_certificate(const Authority& authority, EVP_PKEY* key, const PkiNames& names);
Result<std::string> sign_client_certificate(const Authority& authority, EVP_PKEY* key, const std::string& common_name,
                                            const std::string& organisation);
Result<std::string> render_certificate(X509* certificate);
Result<std::string> render_key(EVP_PKEY* key);
/// Whether every name and address is among the certificate's alternative names.
bool certificate_covers(X509* certificate, const PkiNames& names);
/// It has all of these and no other: none that the box is no longer called by.
bool certificate_is_for(X509* certificate, const PkiNames& names);

}  // namespace orilla::server

// Makes and reads X.509 certificates on P-256 keys. They are valid from 1970 to 9999, because the box has no clock to
// rely on.
#pragma once

#include <string>

#include "orilla/base/openssl.hpp"
#include "orilla/pki/pki.hpp"

namespace orilla::pki {

struct Authority {
    CertificatePtr certificate;
    KeyPtr key;
};

Result<KeyPtr> make_key();
Result<Authority> make_authority(const std::string& common_name);
Result<Authority> parse_authority(const std::string& certificate_pem, const std::string& key_pem);
/// PEM texts.
Result<std::string> sign_server_certificate(const Authority& authority, evp_pkey_st* key, const PkiNames& names);
Result<std::string> sign_client_certificate(const Authority& authority, evp_pkey_st* key, const std::string& common_name,
                                            const std::string& organisation);
Result<std::string> render_certificate(x509_st* certificate);
Result<std::string> render_key(evp_pkey_st* key);
/// Whether every name and address is among the certificate's alternative names.
bool certificate_covers(x509_st* certificate, const PkiNames& names);
/// It has all of these and no other: none that the box is no longer called by.
bool certificate_is_for(x509_st* certificate, const PkiNames& names);

}  // namespace orilla::pki

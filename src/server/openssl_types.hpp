// Owners for OpenSSL's objects, and its error queue as an Error.
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::server {

template <auto Free>
struct OpensslDeleter {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using CertificatePtr = std::unique_ptr<X509, OpensslDeleter<X509_free>>;
using KeyPtr = std::unique_ptr<EVP_PKEY, OpensslDeleter<EVP_PKEY_free>>;
using BioPtr = std::unique_ptr<BIO, OpensslDeleter<BIO_free_all>>;

/// Takes the first message off the thread's error queue and empties it.
Error openssl_error(std::string_view what);
Result<CertificatePtr> parse_certificate(std::string_view pem);
Result<KeyPtr> parse_key(std::string_view pem);

}  // namespace orilla::server

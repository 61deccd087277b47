// Owners for OpenSSL's objects, and its error queue as an Error. For http, which speaks TLS, and pki, which makes certificates.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

// As OpenSSL declares them: its headers are too heavy for everybody.
struct bio_st;
struct evp_pkey_st;
struct x509_st;

namespace orilla {

struct OpensslFree {
    void operator()(bio_st* bio) const;
    void operator()(evp_pkey_st* key) const;
    void operator()(x509_st* certificate) const;
};
using BioPtr = std::unique_ptr<bio_st, OpensslFree>;
using KeyPtr = std::unique_ptr<evp_pkey_st, OpensslFree>;
using CertificatePtr = std::unique_ptr<x509_st, OpensslFree>;

/// Takes the first message off the thread's error queue and empties it.
Error openssl_error(std::string_view what);
Result<CertificatePtr> parse_certificate(std::string_view pem);
/// All that a text holds, one after another; at least one.
Result<std::vector<CertificatePtr>> parse_certificates(std::string_view pem);
Result<KeyPtr> parse_key(std::string_view pem);
/// Whether the key is the one that the certificate is for.
bool is_pair(const CertificatePtr& certificate, const KeyPtr& key);

}  // namespace orilla

#include "orilla/base/openssl.hpp"

#include <fmt/core.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

namespace orilla {

void OpensslFree::operator()(bio_st* bio) const { BIO_free_all(bio); }
void OpensslFree::operator()(evp_pkey_st* key) const { EVP_PKEY_free(key); }
void OpensslFree::operator()(x509_st* certificate) const { X509_free(certificate); }

Error openssl_error(std::string_view what) {
    char text[256] = "unknown error of OpenSSL";
    if (const unsigned long code = ERR_get_error()) ERR_error_string_n(code, text, sizeof text);
    ERR_clear_error();
    return Error(Code::internal, fmt::format("{}: {}", what, text));
}

namespace {
/// OpenSSL would ask at the terminal.
int know_no_password(char*, int, int, void*) { return -1; }
BioPtr bio_over(std::string_view text) { return BioPtr(BIO_new_mem_buf(text.data(), static_cast<int>(text.size()))); }
}  // namespace

Result<CertificatePtr> parse_certificate(std::string_view pem) {
    const BioPtr bio = bio_over(pem);
    CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, know_no_password, nullptr));
    if (!certificate) return openssl_error("parse a certificate");
    return certificate;
}

Result<std::vector<CertificatePtr>> parse_certificates(std::string_view pem) {
    constexpr size_t certificates_max = 256;
    const BioPtr bio = bio_over(pem);
    std::vector<CertificatePtr> all;
    while (all.size() < certificates_max) {
        CertificatePtr certificate(PEM_read_bio_X509(bio.get(), nullptr, know_no_password, nullptr));
        if (!certificate) break;
        all.push_back(std::move(certificate));
    }
    const bool is_at_end = ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE;
    if (all.empty() || !is_at_end) return openssl_error("parse certificates");
    ERR_clear_error();
    return all;
}

Result<KeyPtr> parse_key(std::string_view pem) {
    const BioPtr bio = bio_over(pem);
    KeyPtr key(PEM_read_bio_PrivateKey(bio.get(), nullptr, know_no_password, nullptr));
    if (!key) return openssl_error("parse a key");
    return key;
}

bool is_pair(const CertificatePtr& certificate, const KeyPtr& key) {
    const bool fits = X509_check_private_key(certificate.get(), key.get()) == 1;
    if (!fits) ERR_clear_error();
    return fits;
}

}  // namespace orilla

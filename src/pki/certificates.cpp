#include "certificates.hpp"

#include <fmt/core.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

namespace orilla::pki {

template <auto Free>
struct Freed {
    template <class T>
    void operator()(T* object) const {
        Free(object);
    }
};
using NamePtr = std::unique_ptr<X509_NAME, Freed<X509_NAME_free>>;
using BignumPtr = std::unique_ptr<BIGNUM, Freed<BN_free>>;
using ExtensionPtr = std::unique_ptr<X509_EXTENSION, Freed<X509_EXTENSION_free>>;

namespace {
constexpr char name_letters[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.:-";

std::string bio_text(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<size_t>(size)};
}

Result<NamePtr> make_name(const std::string& common_name, const std::string& organisation) {
    NamePtr name(X509_NAME_new());
    auto add = [&name](const char* field, const std::string& text) {
        return X509_NAME_add_entry_by_txt(name.get(), field, MBSTRING_UTF8, reinterpret_cast<const unsigned char*>(text.data()),
                                          static_cast<int>(text.size()), -1, 0) == 1;
    };
    if (!organisation.empty() && !add("O", organisation)) return openssl_error("name the certificate");
    if (!add("CN", common_name)) return openssl_error("name the certificate");
    return name;
}

Result<void> add_extension(X509* certificate, X509V3_CTX* context, int nid, const std::string& value) {
    ExtensionPtr extension(X509V3_EXT_conf_nid(nullptr, context, nid, value.c_str()));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) return openssl_error("add a certificate extension");
    return ok();
}

Result<void> set_serial(X509* certificate) {
    unsigned char bytes[16];
    if (RAND_bytes(bytes, sizeof bytes) != 1) return openssl_error("get random bytes");
    bytes[0] &= 0x7f;
    BignumPtr number(BN_bin2bn(bytes, sizeof bytes, nullptr));
    if (!number || !BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(certificate)))
        return openssl_error("number the certificate");
    return ok();
}

struct CertificateSpec {
    std::string common_name;
    std::string organisation;
    std::vector<std::pair<int, std::string>> extensions;
};

/// `issuer` null: self-signed.
Result<CertificatePtr> sign(const CertificateSpec& spec, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key) {
    CertificatePtr certificate(X509_new());
    if (!certificate || X509_set_version(certificate.get(), X509_VERSION_3) != 1) return openssl_error("create a certificate");
    TRY_VOID(set_serial(certificate.get()));
    TRY(auto name, make_name(spec.common_name, spec.organisation));
    X509_set_subject_name(certificate.get(), name.get());
    X509_set_issuer_name(certificate.get(), issuer ? X509_get_subject_name(issuer) : name.get());
    X509_set_pubkey(certificate.get(), key);
    if (ASN1_TIME_set_string(X509_getm_notBefore(certificate.get()), "19700101000000Z") != 1 ||
        ASN1_TIME_set_string(X509_getm_notAfter(certificate.get()), "99991231235959Z") != 1)
        return openssl_error("date the certificate");
    // RFC 5280 wants UTCTime up to 2049.
    ASN1_TIME_normalize(X509_getm_notBefore(certificate.get()));
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, issuer ? issuer : certificate.get(), certificate.get(), nullptr, nullptr, 0);
    for (const auto& [nid, value] : spec.extensions) {
        TRY_VOID(add_extension(certificate.get(), &context, nid, value));
    }
    if (X509_sign(certificate.get(), issuer_key, EVP_sha256()) == 0) return openssl_error("sign the certificate");
    return certificate;
}
}  // namespace

Result<KeyPtr> make_key() {
    KeyPtr key(EVP_EC_gen("P-256"));
    if (!key) return openssl_error("make a key");
    return key;
}

Result<Authority> make_authority(const std::string& common_name) {
    TRY(auto key, make_key());
    const CertificateSpec spec{common_name,
                               "",
                               {{NID_basic_constraints, "critical,CA:TRUE,pathlen:0"},
                                {NID_key_usage, "critical,digitalSignature,keyCertSign"},
                                {NID_subject_key_identifier, "hash"}}};
    TRY(auto certificate, sign(spec, key.get(), nullptr, key.get()));
    return Authority{std::move(certificate), std::move(key)};
}

Result<Authority> parse_authority(const std::string& certificate_pem, const std::string& key_pem) {
    TRY(auto certificate, parse_certificate(certificate_pem));
    TRY(auto key, parse_key(key_pem));
    return Authority{std::move(certificate), std::move(key)};
}

Result<std::string> sign_server_certificate(const Authority& authority, EVP_PKEY* key, const PkiNames& names) {
    for (const auto* list : {&names.dns, &names.ips})
        for (const auto& name : *list)
            // The text below is a little language of OpenSSL's: nothing but names and addresses may get into it.
            if (name.empty() || name.find_first_not_of(name_letters) != std::string::npos)
                return Error(Code::invalid, fmt::format("certificate name {}: must be a DNS name or an IP address", name));
    std::string alternatives;
    for (const auto& name : names.dns) alternatives += (alternatives.empty() ? "DNS:" : ",DNS:") + name;
    for (const auto& ip : names.ips) alternatives += (alternatives.empty() ? "IP:" : ",IP:") + ip;
    const CertificateSpec spec{"orilla-apiserver",
                               "",
                               {{NID_basic_constraints, "critical,CA:FALSE"},
                                {NID_key_usage, "critical,digitalSignature"},
                                {NID_ext_key_usage, "serverAuth"},
                                {NID_authority_key_identifier, "keyid"},
                                {NID_subject_alt_name, alternatives}}};
    TRY(auto certificate, sign(spec, key, authority.certificate.get(), authority.key.get()));
    return render_certificate(certificate.get());
}

Result<std::string> sign_client_certificate(const Authority& authority, EVP_PKEY* key, const std::string& common_name,
                                            const std::string& organisation) {
    const CertificateSpec spec{common_name,
                               organisation,
                               {{NID_basic_constraints, "critical,CA:FALSE"},
                                {NID_key_usage, "critical,digitalSignature"},
                                {NID_ext_key_usage, "clientAuth"},
                                {NID_authority_key_identifier, "keyid"}}};
    TRY(auto certificate, sign(spec, key, authority.certificate.get(), authority.key.get()));
    return render_certificate(certificate.get());
}

Result<std::string> render_certificate(X509* certificate) {
    const BioPtr bio(BIO_new(BIO_s_mem()));
    if (!bio || PEM_write_bio_X509(bio.get(), certificate) != 1) return openssl_error("render a certificate");
    return bio_text(bio.get());
}

Result<std::string> render_key(EVP_PKEY* key) {
    const BioPtr bio(BIO_new(BIO_s_secmem()));
    if (!bio || PEM_write_bio_PrivateKey(bio.get(), key, nullptr, nullptr, 0, nullptr, nullptr) != 1)
        return openssl_error("render a key");
    return bio_text(bio.get());
}

bool certificate_covers(X509* certificate, const PkiNames& names) {
    for (const auto& name : names.dns)
        if (X509_check_host(certificate, name.c_str(), name.size(), 0, nullptr) != 1) return false;
    for (const auto& ip : names.ips)
        if (X509_check_ip_asc(certificate, ip.c_str(), 0) != 1) return false;
    return true;
}

bool certificate_is_for(X509* certificate, const PkiNames& names) {
    auto* listed = static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
    const int count = listed ? sk_GENERAL_NAME_num(listed) : 0;
    GENERAL_NAMES_free(listed);
    return static_cast<size_t>(count) == names.dns.size() + names.ips.size() && certificate_covers(certificate, names);
}

}  // namespace orilla::pki

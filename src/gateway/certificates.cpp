#include "certificates.hpp"

#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <algorithm>
#include <memory>
#include <set>
#include <utility>

#include "orilla/base/openssl.hpp"
#include "orilla/base/text.hpp"

namespace orilla::gateway {

namespace {

constexpr const char* self_signed_name = "Orilla gateway, signed by itself";

struct FreeNames {
    void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string text_of_asn1(const ASN1_STRING* text) {
    const auto* bytes = reinterpret_cast<const char*>(ASN1_STRING_get0_data(text));
    return lowered(std::string_view(bytes, static_cast<size_t>(ASN1_STRING_length(text))));
}

/// Its alternative names; without any the name of its subject, as old certificates have it.
std::vector<std::string> names_of(X509* certificate) {
    std::vector<std::string> out;
    const std::unique_ptr<GENERAL_NAMES, FreeNames> listed(
        static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
    for (int i = 0; listed && i < sk_GENERAL_NAME_num(listed.get()) && out.size() < certificate_names_max; ++i) {
        const GENERAL_NAME* name = sk_GENERAL_NAME_value(listed.get(), i);
        if (name->type == GEN_DNS) out.push_back(text_of_asn1(name->d.dNSName));
    }
    X509_NAME* subject = X509_get_subject_name(certificate);
    const int at = listed ? -1 : X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    if (at >= 0) out.push_back(text_of_asn1(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at))));
    return out;
}

enum class Fit : uint8_t { none, wildcard, exact };

/// A wildcard of a certificate stands for one label.
Fit fit_of(const std::vector<std::string>& names, std::string_view server_name) {
    const size_t dot = std::min(server_name.find('.'), server_name.size());
    Fit best = Fit::none;
    for (const std::string_view name : names) {
        if (name == server_name) return Fit::exact;
        if (dot > 0 && name.size() > 2 && name.starts_with("*.") && name.substr(1) == server_name.substr(dot))
            best = Fit::wildcard;
    }
    return best;
}

Result<std::string> pem_of(const BioPtr& bio, int written) {
    char* data = nullptr;
    const long size = written == 1 ? BIO_get_mem_data(bio.get(), &data) : 0;
    if (size <= 0) return openssl_error("write a certificate");
    return std::string(data, static_cast<size_t>(size));
}

Result<CertificatePtr> sign_itself(const KeyPtr& key) {
    CertificatePtr certificate(X509_new());
    uint64_t serial = 0;
    if (!certificate || RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial) != 1)
        return openssl_error("make a certificate");
    X509* x509 = certificate.get();
    X509_NAME* name = X509_get_subject_name(x509);
    const auto* text = reinterpret_cast<const unsigned char*>(self_signed_name);
    const bool is_made =
        X509_set_version(x509, X509_VERSION_3) == 1 && ASN1_INTEGER_set_uint64(X509_get_serialNumber(x509), serial >> 1) == 1 &&
        ASN1_TIME_set_string_X509(X509_getm_notBefore(x509), "19700101000000Z") == 1 &&
        ASN1_TIME_set_string_X509(X509_getm_notAfter(x509), "99991231235959Z") == 1 &&
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, text, -1, -1, 0) == 1 && X509_set_issuer_name(x509, name) == 1 &&
        X509_set_pubkey(x509, key.get()) == 1 && X509_sign(x509, key.get(), EVP_sha256()) > 0;
    if (!is_made) return openssl_error("make a certificate");
    return certificate;
}

}  // namespace

Result<std::vector<std::string>> CertificateTable::read_names(const Certificate& certificate) {
    TRY(const CertificatePtr first, parse_certificate(certificate.chain));
    TRY(const KeyPtr key, parse_key(certificate.private_key));
    if (!is_pair(first, key)) return Error(Code::invalid, "the private key is not the certificate's");
    std::vector<std::string> names = names_of(first.get());
    for (const std::string& host : certificate.hosts) names.push_back(lowered(host));
    return names;
}

std::vector<Fault> CertificateTable::apply(const Change& change) {
    std::vector<Fault> faults;
    for (const std::string& key : change.gone_certificates) entries_.erase(key);
    if (change.is_whole) {
        std::set<std::string_view> kept;
        for (const Certificate& certificate : change.certificates) kept.insert(certificate.key);
        std::erase_if(entries_, [&kept](const auto& entry) { return !kept.contains(entry.first); });
    }
    for (const Certificate& certificate : change.certificates) {
        const auto known = entries_.find(certificate.key);
        if (known != entries_.end() && known->second.certificate == certificate) continue;
        const bool was_bad = known != entries_.end() && !known->second.is_good;
        auto names = read_names(certificate);
        Entry& entry = entries_[certificate.key] = {certificate, {}, names.has_value()};
        if (names) entry.names = std::move(*names);
        const std::string message = names ? "" : names.error().message();
        if (!names || was_bad) faults.push_back({Fault::About::certificate, certificate.key, message});
    }
    return faults;
}

const Certificate* CertificateTable::find(const Listener& listener, std::string_view server_name) const {
    const Entry* best = nullptr;
    Fit best_fit = Fit::none;
    for (const std::string& key : listener.certificates) {
        const auto entry = entries_.find(key);
        if (entry == entries_.end() || !entry->second.is_good) continue;
        const Fit fit = server_name.empty() ? Fit::none : fit_of(entry->second.names, server_name);
        if (best && fit <= best_fit) continue;
        best = &entry->second;
        best_fit = fit;
        if (fit == Fit::exact) break;
    }
    return best ? &best->certificate : nullptr;
}

Result<Certificate> make_self_signed_certificate() {
    const KeyPtr key(EVP_EC_gen("P-256"));
    if (!key) return openssl_error("make a key");
    TRY(const CertificatePtr certificate, sign_itself(key));
    const BioPtr chain(BIO_new(BIO_s_mem())), secret(BIO_new(BIO_s_mem()));
    if (!chain || !secret) return openssl_error("write a certificate");
    Certificate out;
    TRY(out.chain, pem_of(chain, PEM_write_bio_X509(chain.get(), certificate.get())));
    TRY(out.private_key,
        pem_of(secret, PEM_write_bio_PKCS8PrivateKey(secret.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr)));
    return out;
}

}  // namespace orilla::gateway

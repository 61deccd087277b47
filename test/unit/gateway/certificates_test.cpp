#include "certificates.hpp"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <catch2/catch.hpp>

#include "orilla/base/openssl.hpp"

using namespace orilla;
using namespace orilla::gateway;

namespace {

/// A pair that is for these names ("DNS:a.com,DNS:*.b.com"); without any for the name of its subject alone.
Certificate pair_for(const std::string& key, const std::string& names) {
    const auto plain = make_self_signed_certificate();
    REQUIRE(plain);
    Certificate out = *plain;
    out.key = key;
    if (names.empty()) return out;
    const auto certificate = parse_certificate(out.chain);
    const auto secret = parse_key(out.private_key);
    X509V3_CTX context;
    X509V3_set_ctx(&context, certificate->get(), certificate->get(), nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, NID_subject_alt_name, names.c_str());
    REQUIRE(extension);
    X509_add_ext(certificate->get(), extension, -1);
    X509_EXTENSION_free(extension);
    REQUIRE(X509_sign(certificate->get(), secret->get(), EVP_sha256()) > 0);
    const BioPtr bio(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(bio.get(), certificate->get());
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio.get(), &data);
    out.chain.assign(data, static_cast<size_t>(size));
    return out;
}

Listener listener_with(std::vector<std::string> certificates) {
    Listener out{"ingress/443", 443, ListenerProtocol::https};
    out.certificates = std::move(certificates);
    return out;
}

std::string shown(const CertificateTable& table, const Listener& listener, const std::string& server_name) {
    const Certificate* found = table.find(listener, server_name);
    return found ? found->key : "none";
}

}  // namespace

TEST_CASE("certificates: the one for the name is shown, its own name before a wildcard, else the first") {
    CertificateTable table;
    Change change;
    Certificate extra = pair_for("extra", "DNS:x.com");
    extra.hosts = {"Extra.org"};
    change.certificates = {pair_for("first", ""), pair_for("wild", "DNS:*.B.com,IP:10.0.0.1"),
                           pair_for("own", "DNS:c.com,DNS:a.b.com"), extra};
    CHECK(table.apply(change).empty());
    const Listener all = listener_with({"first", "wild", "own", "extra", "missing"});
    CHECK(shown(table, all, "a.b.com") == "own");
    CHECK(shown(table, all, "c.com") == "own");
    CHECK(shown(table, all, "x.b.com") == "wild");
    CHECK(shown(table, all, "y.x.b.com") == "first");
    CHECK(shown(table, all, "b.com") == "first");
    CHECK(shown(table, all, ".b.com") == "first");
    CHECK(shown(table, all, "extra.org") == "extra");
    CHECK(shown(table, all, "") == "first");
    CHECK(shown(table, listener_with({"own", "first"}), "other") == "own");
    CHECK(shown(table, listener_with({"missing"}), "a.b.com") == "none");
    CHECK(shown(table, listener_with({}), "a.b.com") == "none");
}

TEST_CASE("certificates: one that cannot be read is told and not shown, until it can be") {
    CertificateTable table;
    const Listener listener = listener_with({"bad", "good"});
    Change change;
    Certificate bad = pair_for("bad", "DNS:a.com");
    const Certificate right = bad;
    bad.private_key = pair_for("other", "").private_key;
    change.certificates = {bad, pair_for("good", "")};
    auto faults = table.apply(change);
    REQUIRE(faults.size() == 1);
    CHECK(faults.front() == Fault{Fault::About::certificate, "bad", "the private key is not the certificate's"});
    CHECK(shown(table, listener, "a.com") == "good");
    // The same again is not told again.
    CHECK(table.apply(change).empty());
    change.certificates = {right};
    faults = table.apply(change);
    REQUIRE(faults.size() == 1);
    CHECK(faults.front() == Fault{Fault::About::certificate, "bad", ""});
    CHECK(shown(table, listener, "a.com") == "bad");
    change.certificates = {{"bad", "no PEM", right.private_key, {}}};
    CHECK(table.apply(change).size() == 1);
    change.certificates = {{"bad", right.chain, "no PEM", {}}};
    CHECK(table.apply(change).size() == 1);
    change.certificates = {};
    change.gone_certificates = {"good"};
    table.apply(change);
    CHECK(shown(table, listener, "a.com") == "none");
    change.is_whole = true;
    table.apply(change);
    CHECK(table.size() == 0);
}

#include "orilla/http/tls.hpp"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "orilla/base/openssl.hpp"
#include "orilla/base/text.hpp"
#include "orilla/http/client.hpp"

namespace orilla::http {

namespace {
/// Lets the handshake go on whatever the certificate; SSL_get_verify_result keeps the verdict for the HTTP layer.
int note_verdict(int, X509_STORE_CTX*) { return 1; }

/// The server's choice counts: HTTP/2 where both speak it.
int choose_protocol(SSL*, const unsigned char** out, unsigned char* out_length, const unsigned char* offered,
                    unsigned int offered_length, void* http_2) {
    static const unsigned char known[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    constexpr unsigned int http_2_bytes = 3;
    const unsigned int skipped = http_2 ? 0 : http_2_bytes;
    unsigned char* chosen = nullptr;
    if (SSL_select_next_proto(&chosen, out_length, known + skipped, sizeof known - skipped, offered, offered_length) !=
        OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_NOACK;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

/// An address stands in a certificate as such, and SNI has none.
bool expect_server(SSL* session, const std::string& name, const std::vector<std::string>& accepted) {
    const bool is_address = X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session), name.c_str()) == 1;
    if (!is_address && SSL_set_tlsext_host_name(session, name.c_str()) != 1) return false;
    if (accepted.empty()) return is_address || SSL_set1_host(session, name.c_str()) == 1;
    if (is_address) X509_VERIFY_PARAM_set1_ip(SSL_get0_param(session), nullptr, 0);
    return std::ranges::all_of(accepted, [session](const auto& other) { return SSL_add1_host(session, other.c_str()) == 1; });
}

Result<void> trust_authorities(SSL_CTX* context, const std::string& authorities, bool names_them) {
    TRY(const auto all, parse_certificates(authorities));
    X509_STORE* trusted = SSL_CTX_get_cert_store(context);
    for (const CertificatePtr& authority : all) {
        if (X509_STORE_add_cert(trusted, authority.get()) != 1) return openssl_error("trust the CA certificate");
        if (names_them) SSL_CTX_add_client_CA(context, authority.get());
    }
    X509_STORE_set_flags(trusted, X509_V_FLAG_NO_CHECK_TIME);
    return ok();
}

Result<void> load(SSL_CTX* context, const TlsKeys& keys) {
    TRY(const auto chain, parse_certificates(keys.certificate));
    TRY(auto key, parse_key(keys.key));
    if (SSL_CTX_use_certificate(context, chain.front().get()) != 1 || SSL_CTX_use_PrivateKey(context, key.get()) != 1 ||
        SSL_CTX_check_private_key(context) != 1)
        return openssl_error("use the server certificate");
    for (size_t i = 1; i < chain.size(); ++i)
        if (SSL_CTX_add1_chain_cert(context, chain[i].get()) != 1) return openssl_error("use the server certificate's chain");
    return keys.client_authority.empty() ? ok() : trust_authorities(context, keys.client_authority, true);
}

void set_up_server(SSL_CTX* context) {
    SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    // No renegotiation, no tickets: nothing lives longer than its connection.
    SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify_depth(context, 2);
}
}  // namespace

Result<std::unique_ptr<TlsContext>> TlsContext::create(const TlsKeys& keys) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    if (!context) return openssl_error("create the TLS context");
    std::unique_ptr<TlsContext> tls(new TlsContext(context));
    set_up_server(context);
    if (keys.requires_client_certificate)
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
    else SSL_CTX_set_verify(context, keys.client_authority.empty() ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, note_verdict);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, keys.offers_http_2 ? context : nullptr);
    TRY_VOID(load(context, keys));
    return tls;
}

Result<std::unique_ptr<TlsContext>> TlsContext::create_choosing(Choose choose) {
    SSL_CTX* context = SSL_CTX_new(TLS_server_method());
    if (!context) return openssl_error("create the TLS context");
    std::unique_ptr<TlsContext> tls(new TlsContext(context));
    tls->choose_ = std::move(choose);
    set_up_server(context);
    SSL_CTX_set_tlsext_servername_callback(context, &TlsContext::choose_by_name);
    SSL_CTX_set_tlsext_servername_arg(context, tls.get());
    return tls;
}

/// A session takes certificate, chain, authorities and ALPN along from a context, and not how it looks at the client's.
int TlsContext::choose_by_name(ssl_st* session, int* alert, void* self) {
    const char* name = SSL_get_servername(session, TLSEXT_NAMETYPE_host_name);
    const auto chosen = static_cast<TlsContext*>(self)->choose_(name ? lowered(name) : std::string());
    if (!chosen || !SSL_set_SSL_CTX(session, chosen->context_)) {
        *alert = SSL_AD_UNRECOGNIZED_NAME;
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    SSL_set_verify(session, SSL_CTX_get_verify_mode(chosen->context_), SSL_CTX_get_verify_callback(chosen->context_));
    return SSL_TLSEXT_ERR_OK;
}

Result<std::unique_ptr<TlsContext>> TlsContext::create_client(const ServerTrust& trust) {
    SSL_CTX* context = SSL_CTX_new(TLS_client_method());
    if (!context) return openssl_error("create the TLS context");
    std::unique_ptr<TlsContext> tls(new TlsContext(context));
    tls->is_client_ = true;
    tls->server_name_ = trust.server_name;
    // Many servers end without saying so. What an answer lacks then, it tells itself.
    SSL_CTX_set_options(context, SSL_OP_IGNORE_UNEXPECTED_EOF);
    SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_verify(context, trust.authority.empty() ? SSL_VERIFY_NONE : SSL_VERIFY_PEER, nullptr);
    tls->accepted_names_ = trust.accepted_names;
    if (!trust.authority.empty()) TRY_VOID(trust_authorities(context, trust.authority, false));
    if (trust.certificate.empty()) return tls;
    TRY(auto certificate, parse_certificate(trust.certificate));
    TRY(auto key, parse_key(trust.key));
    if (SSL_CTX_use_certificate(context, certificate.get()) != 1 || SSL_CTX_use_PrivateKey(context, key.get()) != 1)
        return openssl_error("use the client certificate");
    return tls;
}

TlsContext::~TlsContext() { SSL_CTX_free(context_); }

ssl_st* TlsContext::new_session(int fd) {
    SSL* session = SSL_new(context_);
    if (!session) return nullptr;
    const bool named = server_name_.empty() || expect_server(session, server_name_, accepted_names_);
    if (!named || SSL_set_fd(session, fd) != 1) {
        SSL_free(session);
        return nullptr;
    }
    if (is_client_) SSL_set_connect_state(session);
    else SSL_set_accept_state(session);
    return session;
}

}  // namespace orilla::http

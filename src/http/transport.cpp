#include "transport.hpp"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <cerrno>

#include "orilla/base/text.hpp"
#include "orilla/http/tls.hpp"

namespace orilla::http {

Transport::Transport(loop::Loop& loop, UniqueFd fd, TlsContext* tls)
    : fd_(std::move(fd)),
      watch_(loop, fd_.get()),
      is_encrypted_(tls != nullptr),
      ssl_(tls ? tls->new_session(fd_.get()) : nullptr) {}

Transport::~Transport() {
    if (ssl_) SSL_free(ssl_);
}

IoResult Transport::ssl_result(int code) {
    switch (SSL_get_error(ssl_, code)) {
        case SSL_ERROR_WANT_READ: return {IoState::wants_read, 0};
        case SSL_ERROR_WANT_WRITE: return {IoState::wants_write, 0};
        case SSL_ERROR_ZERO_RETURN: return {IoState::closed, 0, 0};
        default: ERR_clear_error(); return {IoState::closed, 0, EPROTO};
    }
}

IoResult Transport::try_handshake() {
    if (!ssl_) return {IoState::closed, 0, ENOMEM};
    ERR_clear_error();
    const int code = SSL_do_handshake(ssl_);
    return code == 1 ? IoResult{IoState::done, 1} : ssl_result(code);
}

bool Transport::has_unread() const {
    char byte = 0;
    return ::recv(fd_.get(), &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

IoResult Transport::try_read(char* buffer, size_t size) {
    if (ssl_) {
        ERR_clear_error();
        size_t got = 0;
        const int code = SSL_read_ex(ssl_, buffer, size, &got);
        return code == 1 ? IoResult{IoState::done, got} : ssl_result(code);
    }
    if (std::exchange(drained_, false) && !watch_.hung_up()) return {IoState::wants_read, 0};
    for (;;) {
        const ssize_t got = ::recv(fd_.get(), buffer, size, MSG_DONTWAIT);
        if (got > 0) {
            drained_ = static_cast<size_t>(got) < size;
            return {IoState::done, static_cast<size_t>(got)};
        }
        if (got < 0 && errno == EINTR) continue;
        if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {IoState::wants_read, 0};
        return {IoState::closed, 0, got < 0 ? errno : 0};
    }
}

IoResult Transport::try_peek(char* buffer, size_t size) const {
    const ssize_t count = ::recv(fd_.get(), buffer, size, MSG_PEEK | MSG_DONTWAIT);
    if (count > 0) return {IoState::done, static_cast<size_t>(count)};
    if (count < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) return {IoState::wants_read, 0};
    return {IoState::closed, 0, count < 0 ? errno : 0};
}

void Transport::skip(size_t bytes) const {
    char taken[512];
    while (bytes > 0) {
        const ssize_t count = ::recv(fd_.get(), taken, std::min(bytes, sizeof taken), MSG_DONTWAIT);
        if (count <= 0) return;
        bytes -= static_cast<size_t>(count);
    }
}

IoResult Transport::try_write(std::string_view first, std::string_view second) {
    if (ssl_) {
        const std::string_view piece = first.empty() ? second : first;
        ERR_clear_error();
        size_t put = 0;
        const int code = SSL_write_ex(ssl_, piece.data(), piece.size(), &put);
        return code == 1 ? IoResult{IoState::done, put} : ssl_result(code);
    }
    iovec pieces[2] = {{const_cast<char*>(first.data()), first.size()}, {const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = first.empty() ? pieces + 1 : pieces;
    message.msg_iovlen = first.empty() || second.empty() ? 1 : 2;
    for (;;) {
        const ssize_t put = ::sendmsg(fd_.get(), &message, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (put > 0) return {IoState::done, static_cast<size_t>(put)};
        if (put < 0 && errno == EINTR) continue;
        if (put < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return {IoState::wants_write, 0};
        return {IoState::closed, 0, errno};
    }
}

void Transport::shut_down() {
    if (ssl_ && SSL_is_init_finished(ssl_)) {
        ERR_clear_error();
        SSL_shutdown(ssl_);
        ERR_clear_error();
    }
    ::shutdown(fd_.get(), SHUT_WR);
}

void Transport::abort() { ::shutdown(fd_.get(), SHUT_RDWR); }

namespace {
std::string entry_text(X509_NAME* name, int position) {
    X509_NAME_ENTRY* entry = X509_NAME_get_entry(name, position);
    const ASN1_STRING* data = entry ? X509_NAME_ENTRY_get_data(entry) : nullptr;
    if (!data) return {};
    return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(data)), static_cast<size_t>(ASN1_STRING_length(data))};
}

/// The verified certificate of the client, not owned.
X509* verified_peer(ssl_st* ssl) {
    if (!ssl || SSL_get_verify_result(ssl) != X509_V_OK) return nullptr;
    return SSL_get0_peer_certificate(ssl);
}
}  // namespace

Peer Transport::peer() const {
    Peer peer;
    X509* certificate = verified_peer(ssl_);
    if (!certificate) return peer;
    peer.kind = Peer::Kind::certificate;
    X509_NAME* name = X509_get_subject_name(certificate);
    peer.common_name = entry_text(name, X509_NAME_get_index_by_NID(name, NID_commonName, -1));
    for (int at = -1; (at = X509_NAME_get_index_by_NID(name, NID_organizationName, at)) >= 0;)
        peer.organisations.push_back(entry_text(name, at));
    return peer;
}

std::string Transport::server_name() const {
    const char* name = ssl_ ? SSL_get_servername(ssl_, TLSEXT_NAMETYPE_host_name) : nullptr;
    return name ? lowered(name) : std::string();
}

void Transport::offer_http_2() {
    static const unsigned char offered[] = {2, 'h', '2', 8, 'h', 't', 't', 'p', '/', '1', '.', '1'};
    if (ssl_) SSL_set_alpn_protos(ssl_, offered, sizeof offered);
}

bool Transport::chose_http_2() const {
    const unsigned char* name = nullptr;
    unsigned int size = 0;
    if (ssl_) SSL_get0_alpn_selected(ssl_, &name, &size);
    return std::string_view(reinterpret_cast<const char*>(name), size) == "h2";
}

std::string Transport::server_fault() const {
    if (!ssl_ || SSL_is_server(ssl_) || SSL_get_verify_mode(ssl_) == SSL_VERIFY_NONE) return {};
    const long verdict = SSL_get_verify_result(ssl_);
    return verdict == X509_V_OK ? std::string() : X509_verify_cert_error_string(verdict);
}

}  // namespace orilla::http

#include "digest.hpp"

#include <openssl/evp.h>

#include <cassert>

namespace orilla::images {

struct Sha256::Context {
    EVP_MD_CTX* md = EVP_MD_CTX_new();
    ~Context() { EVP_MD_CTX_free(md); }
};

Sha256::Sha256() : context_(std::make_unique<Context>()) {
    [[maybe_unused]] const int good = EVP_DigestInit_ex(context_->md, EVP_sha256(), nullptr);
    assert(good == 1);
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(std::string_view bytes) { EVP_DigestUpdate(context_->md, bytes.data(), bytes.size()); }

std::string Sha256::finish() {
    unsigned char raw[EVP_MAX_MD_SIZE];
    unsigned length = 0;
    EVP_DigestFinal_ex(context_->md, raw, &length);
    std::string text = "sha256:";
    for (unsigned i = 0; i < length; ++i) {
        text += "0123456789abcdef"[raw[i] >> 4];
        text += "0123456789abcdef"[raw[i] & 15];
    }
    return text;
}

std::string sha256_of(std::string_view bytes) {
    Sha256 hash;
    hash.update(bytes);
    return hash.finish();
}

std::string_view digest_hex(std::string_view digest) {
    const size_t colon = digest.find(':');
    return colon == std::string_view::npos ? digest : digest.substr(colon + 1);
}

}  // namespace orilla::images

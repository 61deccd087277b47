#include "gateway/certificates.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/base/base64.hpp"
#include "orilla/base/openssl.hpp"
#include "orilla/objects/queue_key.hpp"

namespace orilla::proxy {
namespace {

constexpr const char* chain_key = "tls.crt";
constexpr const char* private_key = "tls.key";

Result<std::string> read_part(const std::string& name, const api::Secret& secret, const char* part) {
    const auto* text = secret.data.get(part);
    if (!text || text->empty()) return Error(Code::invalid, fmt::format("secret \"{}\" has no {}", name, part));
    return decode_base64(*text);
}

}  // namespace

Result<gateway::Certificate> read_certificate(const std::string& key, const api::Secret& secret) {
    gateway::Certificate out;
    out.key = key;
    TRY(out.chain, read_part(key, secret, chain_key));
    TRY(out.private_key, read_part(key, secret, private_key));
    const auto certificate = parse_certificate(out.chain);
    if (!certificate) return Error(Code::invalid, fmt::format("secret \"{}\": {} is no certificate in PEM", key, chain_key));
    const auto pair = parse_key(out.private_key);
    if (!pair) return Error(Code::invalid, fmt::format("secret \"{}\": {} is no private key in PEM", key, private_key));
    if (!is_pair(*certificate, *pair))
        return Error(Code::invalid, fmt::format("secret \"{}\": {} is not the key of {}", key, private_key, chain_key));
    return out;
}

loop::Task<void> Certificates::set(std::string user, std::vector<CertificateUse> uses) {
    std::map<std::string, std::vector<std::string>> wanted;
    for (auto& use : uses) {
        auto& hosts = wanted[use.secret];
        hosts.insert(hosts.end(), use.hosts.begin(), use.hosts.end());
    }
    std::vector<std::string> names, changed;
    for (auto& [secret, hosts] : wanted) {
        names.push_back(secret);
        const auto [at, is_new] = by_secret_[secret].users.try_emplace(user);
        if (is_new || at->second != hosts) changed.push_back(secret);
        at->second = std::move(hosts);
    }
    const std::vector<std::string> before = std::exchange(by_user_[user], names);
    for (const std::string& secret : before)
        if (!wanted.contains(secret)) release(user, secret);
    if (names.empty()) by_user_.erase(user);
    for (const std::string& secret : changed) AWAIT_VOID(refresh(secret));
}

void Certificates::drop(const std::string& user) {
    const auto found = by_user_.find(user);
    if (found == by_user_.end()) return;
    const std::vector<std::string> before = std::move(found->second);
    by_user_.erase(found);
    for (const std::string& secret : before) release(user, secret);
}

void Certificates::release(const std::string& user, const std::string& secret) {
    const auto found = by_secret_.find(secret);
    if (found == by_secret_.end()) return;
    found->second.users.erase(user);
    ++revision_;
    if (!found->second.users.empty()) return;
    outbox_.drop_certificate(secret);
    by_secret_.erase(found);
}

loop::Task<std::vector<std::string>> Certificates::refresh(std::string secret) {
    const auto [ns, name] = objects::split_key(secret);
    AWAIT(const auto read, objects_.read<api::Secret>(ns, name));
    const auto found = by_secret_.find(secret);
    std::vector<std::string> told;
    if (found == by_secret_.end()) co_return told;
    Entry& entry = found->second;
    auto certificate =
        read ? read_certificate(secret, **read)
             : Result<gateway::Certificate>(Error(Code::not_found, fmt::format("secret \"{}\" not found", secret)));
    const std::string why = certificate ? "" : certificate.error().message();
    if (entry.why_not != why || entry.is_good != certificate.has_value()) {
        ++revision_;
        for (const auto& [user, hosts] : entry.users) told.push_back(user);
    }
    entry.why_not = why;
    entry.is_good = certificate.has_value();
    if (!certificate) {
        outbox_.drop_certificate(secret);
        co_return told;
    }
    for (const auto& [user, hosts] : entry.users)
        certificate->hosts.insert(certificate->hosts.end(), hosts.begin(), hosts.end());
    std::sort(certificate->hosts.begin(), certificate->hosts.end());
    certificate->hosts.erase(std::unique(certificate->hosts.begin(), certificate->hosts.end()), certificate->hosts.end());
    outbox_.put(std::move(*certificate));
    co_return told;
}

std::string Certificates::why_not(const std::string& secret) const {
    const auto found = by_secret_.find(secret);
    return found == by_secret_.end() ? std::string() : found->second.why_not;
}

std::vector<std::string> Certificates::of(const std::string& user) const {
    std::vector<std::string> out;
    const auto found = by_user_.find(user);
    if (found == by_user_.end()) return out;
    for (const std::string& secret : found->second)
        if (by_secret_.at(secret).is_good) out.push_back(secret);
    return out;
}

std::vector<std::string> Certificates::keys(std::string_view prefix) const {
    std::vector<std::string> out;
    for (const auto& [secret, entry] : by_secret_) {
        const auto first = entry.users.lower_bound(std::string(prefix));
        if (entry.is_good && first != entry.users.end() && first->first.starts_with(prefix)) out.push_back(secret);
    }
    return out;
}

}  // namespace orilla::proxy

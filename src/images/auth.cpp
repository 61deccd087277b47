#include "auth.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cctype>

#include "layer_path.hpp"
#include "messages.hpp"
#include "orilla/base/base64.hpp"
#include "orilla/base/text.hpp"

namespace orilla::images {

namespace {

/// "https://index.docker.io/v1/" is host "docker.io" without a path.
struct EntryKey {
    std::string host;
    std::string path;
};

/// Docker's own writes padding, not everybody does.
Result<std::string> decode_login(std::string auth) {
    auth.append((4 - auth.size() % 4) % 4, '=');
    auto plain = decode_base64(auth);
    if (!plain) return Error(Code::invalid, "not valid base64");
    return plain;
}

EntryKey parse_auth_key(std::string_view key) {
    for (std::string_view scheme : {"https://", "http://"})
        if (key.starts_with(scheme)) key.remove_prefix(scheme.size());
    while (key.ends_with('/')) key.remove_suffix(1);
    const size_t slash = key.find('/');
    EntryKey out{std::string(key.substr(0, slash)), slash == std::string_view::npos ? "" : std::string(key.substr(slash + 1))};
    if (out.path == "v1" || out.path == "v2") out.path.clear();
    if (out.host == "index.docker.io" || out.host == "registry-1.docker.io") out.host = "docker.io";
    return out;
}

/// Label by label; `*` stands for one whole label.
bool host_matches(std::string_view pattern, std::string_view host) {
    for (;;) {
        const auto want = pattern.substr(0, pattern.find('.')), have = host.substr(0, host.find('.'));
        if (want != "*" && want != have) return false;
        const bool pattern_ends = want.size() == pattern.size(), host_ends = have.size() == host.size();
        if (pattern_ends || host_ends) return pattern_ends && host_ends;
        pattern.remove_prefix(want.size() + 1);
        host.remove_prefix(have.size() + 1);
    }
}

bool path_matches(std::string_view prefix, std::string_view path) {
    return prefix.empty() || path == prefix || (path.starts_with(prefix) && path[prefix.size()] == '/');
}

Result<Credential> parse_entry(const std::string& key, const json::object& entry) {
    Credential out{text_of(entry, "username"), text_of(entry, "password")};
    if (const std::string auth = text_of(entry, "auth"); !auth.empty()) {
        TRY(const std::string plain, decode_login(auth));
        const size_t colon = plain.find(':');
        if (colon == std::string::npos)
            return Error(Code::invalid, fmt::format("image pull secret: \"auth\" of {} is not user:password", printable(key)));
        out = {plain.substr(0, colon), plain.substr(colon + 1)};
    }
    if (out.username.empty() && entry.contains("identitytoken"))
        return Error(Code::unsupported,
                     fmt::format("image pull secret: the identity token of {} is not supported, only user and password are",
                                 printable(key)));
    return out;
}

/// Reads one key="value" (or key=value) and what separates it from the next.
bool next_parameter(std::string_view& rest, std::string& key, std::string& value) {
    while (!rest.empty() && (rest.front() == ' ' || rest.front() == ',')) rest.remove_prefix(1);
    const size_t equals = rest.find('=');
    if (equals == std::string_view::npos) return false;
    key = lowered(rest.substr(0, equals));
    rest.remove_prefix(equals + 1);
    value.clear();
    if (!rest.starts_with('"')) {
        value = std::string(rest.substr(0, rest.find(',')));
        rest.remove_prefix(value.size());
        return true;
    }
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() != '"') {
        if (rest.front() == '\\' && rest.size() > 1) rest.remove_prefix(1);
        value += rest.front();
        rest.remove_prefix(1);
    }
    if (!rest.empty()) rest.remove_prefix(1);
    return true;
}

Challenge parse_challenge(std::string_view text) {
    Challenge out;
    const std::string scheme = lowered(text.substr(0, text.find(' ')));
    text.remove_prefix(std::min(text.size(), scheme.size() + 1));
    if (scheme == "basic") out.scheme = Challenge::Scheme::basic;
    if (scheme == "bearer") out.scheme = Challenge::Scheme::bearer;
    std::string key, value;
    while (next_parameter(text, key, value)) {
        if (key == "realm") out.realm = value;
        if (key == "service") out.service = value;
    }
    return out;
}

bool is_address(std::string_view host) {
    return host.find(':') != std::string_view::npos || host.starts_with('[') ||
           host.find_first_not_of("0123456789.") == std::string_view::npos;
}

}  // namespace

Result<std::vector<Credential>> find_credentials(std::string_view docker_config, const Reference& reference) {
    auto document = parse_object(docker_config, "image pull secret");
    if (!document) return std::move(document).error().with_code(Code::invalid);
    const json::object& entries = document->contains("auths") ? object_of(*document, "auths") : *document;
    struct Match {
        size_t weight;
        Credential credential;
    };
    std::vector<Match> matches;
    for (const auto& member : entries) {
        if (!member.value().is_object()) continue;
        const std::string key(member.key());
        const EntryKey entry = parse_auth_key(key);
        if (!host_matches(entry.host, reference.domain) || !path_matches(entry.path, reference.path)) continue;
        TRY(Credential credential, parse_entry(key, member.value().get_object()));
        matches.push_back({entry.path.size() * 2 + (entry.host == reference.domain ? 1 : 0), std::move(credential)});
    }
    std::stable_sort(matches.begin(), matches.end(), [](const Match& a, const Match& b) { return a.weight > b.weight; });
    std::vector<Credential> out;
    for (auto& match : matches) out.push_back(std::move(match.credential));
    return out;
}

std::string basic_authorization(const Credential& credential) {
    return "Authorization: Basic " + encode_base64(fmt::format("{}:{}", credential.username, credential.password));
}

Challenge parse_challenges(const std::vector<std::string>& values) {
    Challenge best;
    for (const auto& value : values) {
        const Challenge challenge = parse_challenge(value);
        if (challenge.scheme > best.scheme) best = challenge;
    }
    return best;
}

bool shares_credentials(std::string_view registry_host, std::string_view realm_host) {
    if (registry_host == realm_host) return true;
    if (is_address(registry_host) || is_address(realm_host)) return false;
    const size_t dot = registry_host.find('.');
    if (dot == std::string_view::npos) return false;
    const auto parent = registry_host.substr(dot + 1);
    if (parent.find('.') == std::string_view::npos) return false;  // a top-level domain is nobody's
    return realm_host == parent || (realm_host.ends_with(parent) && realm_host[realm_host.size() - parent.size() - 1] == '.');
}

}  // namespace orilla::images

#include "registry.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "digest.hpp"
#include "layer_path.hpp"
#include "limits.hpp"
#include "messages.hpp"

namespace orilla::images {

namespace {

/// Where docker.io's API really is.
std::string api_host(const std::string& host) { return host == "docker.io" ? "registry-1.docker.io" : host; }

bool is_loopback_name(const std::string& host) {
    return host == "localhost" || host.starts_with("127.") || host == "[::1]" || host == "::1";
}

constexpr int document_attempts_max = 3;
constexpr int redirect_statuses[] = {301, 302, 303, 307, 308};
bool is_redirect(long status) {
    return std::find(std::begin(redirect_statuses), std::end(redirect_statuses), status) != std::end(redirect_statuses);
}

/// The registry's own words: {"errors":[{"code":"...","message":"..."}]}.
std::string said_by_registry(const std::string& body) {
    const auto document = parse_object(body, "answer");
    if (!document) return {};
    for (const json::value& value : array_of(*document, "errors"))
        if (value.is_object()) return printable(text_of(value.get_object(), "message"));
    return {};
}

}  // namespace

Registry::Registry(HttpClient& client, RegistryAccess access, Reference reference, std::optional<Credential> credential)
    : client_(client), access_(std::move(access)), reference_(std::move(reference)), credential_(std::move(credential)) {
    if (auto parts = parse_url(base_url())) origin_ = *parts;
}

std::string Registry::base_url() const {
    return fmt::format("{}://{}/v2/{}", plain_http_ ? "http" : "https", api_host(access_.host), reference_.path);
}

std::string Registry::blob_url(const std::string& digest) const { return fmt::format("{}/blobs/{}", base_url(), digest); }

HttpPolicy Registry::policy_for(const UrlParts& target) const {
    HttpPolicy policy;
    const bool own_host = target.host == origin_.host;
    policy.allows_http = access_.insecure && own_host;
    policy.allows_loopback = own_host || is_loopback_name(origin_.host) || access_.behind_proxy;
    policy.authorities_file = access_.authorities_file;
    if (own_host) policy.authorities = access_.authorities;
    return policy;
}

Error Registry::status_error(long status, const HttpHead& head, const std::string& body) const {
    const std::string name = reference_.name();
    const std::string said = said_by_registry(body);
    const std::string tail = said.empty() ? "" : ": " + said;
    if (status == 404) return Error(Code::not_found, name + ": not found");
    if (status == 401 || status == 403)
        return Error(Code::unauthorized,
                     fmt::format("pull access denied for {}, repository does not exist or may require authorization{}",
                                 reference_.repository(), tail));
    if (status == 429) {
        int seconds = 0;
        try {
            seconds = std::stoi(head.field("retry-after"));
        } catch (const std::exception&) {
            seconds = 0;
        }
        return Error(Code::too_many_requests, fmt::format("registry {} asks to slow down (429){}", access_.host, tail))
            .with_retry_after(std::clamp(seconds, 0, 3600));
    }
    return Error(status >= 500 ? Code::unavailable : Code::internal,
                 fmt::format("unexpected status from registry {}: {}{}", access_.host, status, tail));
}

// ---- authentication --------------------------------------------------------------------------------------------------

Result<void> Registry::answer_challenge(const HttpHead& head) {
    const Challenge challenge = parse_challenges(head.challenges);
    if (challenge.scheme == Challenge::Scheme::bearer) return fetch_token(challenge);
    if (challenge.scheme == Challenge::Scheme::basic && credential_) {
        const std::string header = basic_authorization(*credential_);
        if (header == authorization_)
            return Error(Code::unauthorized, fmt::format("registry {} refuses the user name or password", access_.host));
        authorization_ = header;
        ++authorizations_;
        return ok();
    }
    if (challenge.scheme == Challenge::Scheme::basic)
        return Error(Code::unauthorized,
                     fmt::format("registry {} wants a user name and password: no basic auth credentials", access_.host));
    return Error(Code::unauthorized, fmt::format("registry {} wants an authentication that is not supported", access_.host));
}

Result<void> Registry::fetch_token(const Challenge& challenge) {
    TRY(const UrlParts realm, parse_url(challenge.realm));
    if (realm.scheme == "http" && !(access_.insecure && realm.host == origin_.host))
        return Error(Code::forbidden, fmt::format("token server {} is not reached over HTTPS", challenge.realm));
    const bool may_send = shares_credentials(origin_.host, realm.host);
    Transfer transfer;
    transfer.url = fmt::format("{}{}scope={}", challenge.realm, challenge.realm.find('?') == std::string::npos ? "?" : "&",
                               url_escape(fmt::format("repository:{}:pull", reference_.path)));
    if (!challenge.service.empty()) transfer.url += "&service=" + url_escape(challenge.service);
    if (credential_ && !may_send)
        return Error(Code::forbidden, fmt::format("token server {} is not one of registry {}: it does not get the password",
                                                  realm.host, origin_.host));
    if (credential_) transfer.headers.push_back(basic_authorization(*credential_));
    transfer.policy = policy_for(realm);
    if (may_send) transfer.policy.authorities = access_.authorities;
    transfer.timeout_ms = request_timeout_ms_max;
    transfer.body_bytes_max = token_bytes_max;
    client_.start(transfer);
    client_.run(transfer);
    if (transfer.error) return std::move(*transfer.error).with_context("get a token");
    if (transfer.head.status == 401 || transfer.head.status == 403)
        return Error(Code::unauthorized,
                     credential_
                         ? fmt::format("token server {} refuses the user name or password", realm.host)
                         : fmt::format("pull access denied for {}, repository does not exist or may require authorization",
                                       reference_.repository()));
    if (transfer.head.status != 200)
        return status_error(transfer.head.status, transfer.head, transfer.body).with_context("get a token");
    TRY(const json::object answer, parse_object(transfer.body, "answer of the token server"));
    std::string token = text_of(answer, "token");
    if (token.empty()) token = text_of(answer, "access_token");
    if (token.empty() || token.find_first_of("\r\n") != std::string::npos)
        return Error(Code::corrupt, "answer of the token server holds no token");
    authorization_ = "Authorization: Bearer " + token;
    ++authorizations_;
    return ok();
}

// ---- one GET ---------------------------------------------------------------------------------------------------------

Fetch::Fetch(Registry& registry, std::string path_or_url)
    : registry_(registry), first_url_(path_or_url), url_(std::move(path_or_url)) {}

void Fetch::start() {
    error.reset();
    const auto target = parse_url(url_);
    transfer_.url = url_;
    transfer_.headers = headers;
    at_registry_ = target && target->authority == registry_.origin_.authority && target->scheme == registry_.origin_.scheme;
    if (at_registry_ && !registry_.authorization_.empty()) transfer_.headers.push_back(registry_.authorization_);
    authorization_used_ = registry_.authorizations_;
    if (target) transfer_.policy = registry_.policy_for(*target);
    registry_.client_.start(transfer_);
}

bool Fetch::end(Error why, bool may_retry) {
    error = std::move(why);
    retryable = may_retry;
    // A later try starts at the registry again: a redirect's address is often good for minutes only.
    url_ = first_url_;
    redirects_ = challenges_ = 0;
    return true;
}

bool Fetch::retry_plain() {
    const std::string secure = registry_.base_url();
    registry_.plain_http_ = true;
    const std::string plain = registry_.base_url();
    if (auto parts = parse_url(plain)) registry_.origin_ = *parts;
    if (first_url_.starts_with(secure)) first_url_ = plain + first_url_.substr(secure.size());
    url_ = first_url_;
    start();
    return false;
}

bool Fetch::follow(const std::string& location) {
    if (++redirects_ > redirects_max)
        return end(Error(Code::corrupt, fmt::format("registry {}: too many redirects", registry_.access_.host)), false);
    const auto next = resolve_url(url_, location);
    if (!next) return end(next.error(), false);
    const auto from = parse_url(url_), to = parse_url(*next);
    if (!to) return end(to.error(), false);
    if (to->scheme == "http" && !registry_.policy_for(*to).allows_http)
        return end(Error(Code::forbidden,
                         fmt::format("registry {} redirects to {} without TLS", registry_.access_.host, to->authority)),
                   false);
    url_ = *next;
    start();  // adds the authorization only when this is the registry itself
    return false;
}

bool Fetch::advance() {
    if (transfer_.error) {
        const bool could_be_plain =
            registry_.access_.insecure && !registry_.plain_http_ && at_registry_ && transfer_.head.status == 0;
        if (could_be_plain && transfer_.retryable) return retry_plain();
        return end(*transfer_.error, transfer_.retryable);
    }
    const long status = transfer_.head.status;
    if (is_redirect(status)) return follow(transfer_.head.field("location"));
    if (status == 401 && at_registry_ && challenges_ < 2) {
        ++challenges_;
        // Another request may have renewed it meanwhile: then that is tried first.
        if (authorization_used_ == registry_.authorizations_)
            if (auto answered = registry_.answer_challenge(transfer_.head); !answered)
                return end(std::move(answered).error(), false);
        start();
        return false;
    }
    if (status == 200 || status == 206) return true;
    return end(registry_.status_error(status, transfer_.head, transfer_.body), status >= 500 || status == 429 || status == 408);
}

// ---- documents -------------------------------------------------------------------------------------------------------

Result<std::string> Registry::run(Fetch& fetch) {
    int64_t delay_ms = retry_ms_min;
    std::optional<Error> earlier;
    for (int attempt = 1;; ++attempt) {
        fetch.start();
        do client_.run(fetch.transfer());
        while (!fetch.advance());
        if (!fetch.error) return std::move(fetch.transfer().body);
        // Documents are small: whoever waits for an error should not wait for long.
        // That too little comes is a poor word for a registry that could not be reached.
        if (!client_.check_pace() && earlier) return std::move(*earlier);
        if (!fetch.retryable || attempt == document_attempts_max) return std::move(*fetch.error);
        earlier = std::move(*fetch.error);
        client_.rest(delay_ms);
        if (!client_.check_pace()) return std::move(*earlier);
        delay_ms *= 2;
    }
}

Result<Registry::Document> Registry::fetch_manifest(const std::string& tag_or_digest) {
    Fetch fetch(*this, fmt::format("{}/manifests/{}", base_url(), tag_or_digest));
    fetch.headers.push_back("Accept: " + accepted_manifest_types());
    fetch.transfer().timeout_ms = request_timeout_ms_max;
    fetch.transfer().body_bytes_max = manifest_bytes_max;
    TRY(std::string body, run(fetch));
    Document out{std::move(body), fetch.transfer().head.field("content-type"), ""};
    out.media_type = out.media_type.substr(0, out.media_type.find(';'));
    out.digest = sha256_of(out.bytes);
    const std::string said = is_digest(tag_or_digest) ? tag_or_digest : fetch.transfer().head.field("docker-content-digest");
    if (is_digest(said) && said != out.digest)
        return Error(Code::corrupt, fmt::format("manifest {}: digest is {}, expected {}", tag_or_digest, out.digest, said));
    return out;
}

Result<std::string> Registry::fetch_config(const Descriptor& descriptor) {
    Fetch fetch(*this, blob_url(descriptor.digest));
    fetch.transfer().timeout_ms = request_timeout_ms_max;
    fetch.transfer().body_bytes_max = config_bytes_max;
    TRY(std::string bytes, run(fetch));
    const std::string found = sha256_of(bytes);
    if (found != descriptor.digest)
        return Error(Code::corrupt, fmt::format("config: digest is {}, expected {}", found, descriptor.digest));
    return bytes;
}

}  // namespace orilla::images

// One repository of one registry: the distribution API's few GETs, with redirects followed and challenges answered here,
// so that the password never leaves for a host it was not meant for.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "auth.hpp"
#include "http.hpp"
#include "manifest.hpp"

namespace orilla::images {

struct RegistryAccess {
    std::string host;  ///< as in image names
    bool insecure = false;
    std::string authorities;       ///< PEM, in place of the system's
    std::string authorities_file;  ///< the system's bundle
    bool behind_proxy = false;
};

class Fetch;

class Registry {
  public:
    Registry(HttpClient& client, RegistryAccess access, Reference reference, std::optional<Credential> credential);

    struct Document {
        std::string bytes;
        std::string media_type;
        std::string digest;
    };
    /// By tag or digest; checks the digest where one is known.
    Result<Document> fetch_manifest(const std::string& tag_or_digest);
    Result<std::string> fetch_config(const Descriptor& descriptor);
    std::string blob_url(const std::string& digest) const;

    HttpClient& client() { return client_; }
    const Reference& reference() const { return reference_; }

  private:
    friend class Fetch;
    std::string base_url() const;
    HttpPolicy policy_for(const UrlParts& target) const;
    /// After a 401: gets a new authorization for the next try.
    Result<void> answer_challenge(const HttpHead& head);
    Result<void> fetch_token(const Challenge& challenge);
    Result<std::string> run(Fetch& fetch);
    Error status_error(long status, const HttpHead& head, const std::string& body) const;

    HttpClient& client_;
    RegistryAccess access_;
    Reference reference_;
    std::optional<Credential> credential_;
    UrlParts origin_;
    bool plain_http_ = false;      ///< an insecure registry that does not speak TLS
    std::string authorization_;    ///< a header line; only ever sent to the registry itself
    uint64_t authorizations_ = 0;  ///< how often it was renewed
};

/// One GET with everything that may come in between. Drive it: start, then `advance` each time its transfer is done.
class Fetch {
  public:
    Fetch(Registry& registry, std::string path_or_url);
    std::vector<std::string> headers;
    void start();
    bool transfer_done() const { return transfer_.done; }
    /// True: it has ended, with `result`. False: another request was started in its place.
    bool advance();
    std::optional<Error> error;  ///< once ended
    bool retryable = false;
    Transfer& transfer() { return transfer_; }

  private:
    bool end(Error why, bool may_retry);
    bool retry_plain();
    bool follow(const std::string& location);
    Registry& registry_;
    std::string first_url_;
    std::string url_;
    bool at_registry_ = true;
    int redirects_ = 0;
    int challenges_ = 0;
    uint64_t authorization_used_ = 0;
    Transfer transfer_;
};

}  // namespace orilla::images

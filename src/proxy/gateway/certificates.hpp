// The certificates that listeners show: read of their Secrets, again whenever those change, and gone with the last object that
// names them. A Secret that is missing or holds no pair of certificate and key is none: the gateway shows the self-signed one,
// and whoever names the Secret is told.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "gateway/ingress_plan.hpp"
#include "gateway/outbox.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::proxy {

/// The pair of a Secret; the error says what is wrong with it.
Result<gateway::Certificate> read_certificate(const std::string& key, const api::Secret& secret);

class Certificates {
  public:
    Certificates(objects::Objects& objects, Outbox& outbox) : objects_(objects), outbox_(outbox) {}

    /// Replaces what it used. `user` is a key of the queue.
    loop::Task<void> set(std::string user, std::vector<CertificateUse> uses);
    void drop(const std::string& user);
    bool uses(const std::string& secret) const { return by_secret_.contains(secret); }
    /// Reads it again. Answers who has to be told that it is good now, or is not.
    loop::Task<std::vector<std::string>> refresh(std::string secret);
    /// Empty: it is good.
    std::string why_not(const std::string& secret) const;
    /// Those that are good, of this user.
    std::vector<std::string> of(const std::string& user) const;
    /// Those that are good, of users whose keys begin so.
    std::vector<std::string> keys(std::string_view prefix) const;
    /// Rises whenever `keys` may be others.
    uint64_t revision() const { return revision_; }

  private:
    struct Entry {
        std::map<std::string, std::vector<std::string>> users;  ///< and their hosts
        std::string why_not;
        bool is_good = false;
    };
    void release(const std::string& user, const std::string& secret);

    objects::Objects& objects_;
    Outbox& outbox_;
    std::map<std::string, Entry> by_secret_;
    std::map<std::string, std::vector<std::string>> by_user_;
    uint64_t revision_ = 1;
};

}  // namespace orilla::proxy

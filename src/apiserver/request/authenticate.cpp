#include "request/authenticate.hpp"

#include <algorithm>

#include "request/authorise.hpp"
#include "request/impersonation.hpp"

namespace orilla::apiserver {

namespace {
objects::Identity local_user(const http::Peer& peer, int admin_group) {
    const bool is_root = peer.uid == 0;
    objects::Identity identity{is_root ? "root" : "uid:" + std::to_string(peer.uid), {}};
    const bool is_member =
        admin_group >= 0 && std::ranges::find(peer.groups, static_cast<uint32_t>(admin_group)) != peer.groups.end();
    if (is_root || is_member) identity.groups.emplace_back(masters_group);
    return identity;
}

std::optional<objects::Identity> identity_of(const http::Peer& peer, int admin_group) {
    switch (peer.kind) {
        case http::Peer::Kind::nobody: break;
        case http::Peer::Kind::local: return local_user(peer, admin_group);
        case http::Peer::Kind::certificate: {
            objects::Identity subject{peer.common_name, peer.organisations};
            if (subject.user.empty() && !may_ask(subject)) break;
            return subject;
        }
    }
    return std::nullopt;
}
}  // namespace

std::shared_ptr<const KnownCaller> identify(const http::Peer& peer, int admin_group) {
    auto caller = std::make_shared<KnownCaller>();
    caller->identity = identity_of(peer, admin_group);
    if (!caller->identity) return caller;
    caller->name = caller->identity->user;
    caller->admitted = may_ask(*caller->identity);
    return caller;
}

Result<const objects::Identity*> authenticate(const http::Request& request) {
    const auto& caller = static_cast<const KnownCaller&>(*request.caller);
    if (!caller.identity) return Error(Code::unauthorized, "Unauthorized");
    TRY_VOID(check_impersonation(request, *caller.identity));
    return &*caller.identity;
}

}  // namespace orilla::apiserver

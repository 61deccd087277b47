// Who asks: from what a connection proves of its peer, once for each connection, and from what a request says beside that.
#pragma once

#include <memory>
#include <optional>

#include "orilla/base/result.hpp"
#include "orilla/http/message.hpp"
#include "orilla/objects/identity.hpp"

namespace orilla::apiserver {

/// What is kept of a connection's peer.
struct KnownCaller final : http::Caller {
    std::optional<objects::Identity> identity;  ///< nothing: it proved nothing
};

/// Root and the members of `admin_group` (-1: there is none) on this machine are in system:masters, the holder of a certificate
/// is in its organisations. Pure.
std::shared_ptr<const KnownCaller> identify(const http::Peer& peer, int admin_group);

/// The identity that the request is to be served as; lives as long as its connection. unauthorized when there is none,
/// forbidden when it wants to be somebody else.
Result<const objects::Identity*> authenticate(const http::Request& request);

}  // namespace orilla::apiserver

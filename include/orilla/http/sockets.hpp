// Listening sockets and who is at the other end of a unix socket.
#pragma once

#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/http/message.hpp"

namespace orilla::http {

/// Binds `path` with mode 0660 and group `group_id` (-1: as it is). A socket that nobody listens on any more is replaced;
/// one that answers is another server's and is refused.
Result<UniqueFd> listen_unix(const std::string& path, int group_id);

/// `address` is IP:PORT or [IP6]:PORT.
Result<UniqueFd> listen_tcp(const std::string& address);

/// Whether such sockets can be made at all, wherever that is said: the text is well-formed and short enough.
Result<void> check_socket_path(const std::string& path);
Result<void> check_listen_address(const std::string& address);

/// The id of a group in /etc/group, -1 without it. Not by NSS: a static build cannot load it.
int find_group_id(const std::string& name, const std::string& group_file = "/etc/group");

/// SO_PEERCRED and SO_PEERGROUPS of a connected unix socket.
Peer read_peer(int fd);

}  // namespace orilla::http

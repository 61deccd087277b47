// One Orilla in a network namespace: its bridge, its nftables table and its sysctls have names, and a second daemon with
// another data directory would take them over while the first one still counts on them. The lock is a netlink socket with
// a port number of our own, because the kernel gives a number out once in a network namespace, whatever the run directories
// are called, and takes it back when the process ends, however it ends. A socket of a process that is not root's holds
// nothing: anybody may take the number, but only root runs a daemon.
#pragma once

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::network {

/// "Oril": above every process id, where the kernel never looks for a free number itself.
constexpr unsigned namespace_lock_port = 0x4f72696c;

/// Held for as long as the descriptor is open; empty where somebody who is not root has taken the number. conflict when
/// another daemon holds it, with its process id.
Result<UniqueFd> lock_network_namespace();

}  // namespace orilla::network

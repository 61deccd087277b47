// What the daemon and the gateway's process say to each other over a SOCK_SEQPACKET pair: a packet is one message. The daemon
// sends changes of the routes in pieces and, beside some messages, sockets; the gateway tells what it has applied, what its
// backends do and what does not work. A packet is never larger than `packet_bytes_max`. Nothing that a packet says is believed:
// texts and lists are bounded, and what the gateway writes for people holds no control characters.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/gateway/routes.hpp"

namespace orilla::gateway {

/// Below what a socket's buffer takes by default.
constexpr size_t packet_bytes_max = 64 * 1024;
/// All pieces of a change together.
constexpr size_t change_bytes_max = 32 * 1024 * 1024;
/// Beside one message; the kernel allows 253.
constexpr size_t sockets_per_message_max = 64;
/// Of a part of the routes, in messages of the gateway: two names of Kubernetes and what is around them.
constexpr size_t key_bytes_max = 1024;
constexpr size_t fault_bytes_max = 2048;

// ---- daemon to gateway -----------------------------------------------------------------------------------------------------

struct Settings {
    bool logs_access = false;
    /// For the cookies of affinity: the same over restarts, so that clients find their endpoints again.
    std::string affinity_secret;
    bool operator==(const Settings&) const = default;
};
/// As many listening sockets come beside it (SCM_RIGHTS), in this order. They are there before the listeners that use them; a
/// port whose listeners are gone is closed by the gateway itself.
struct Sockets {
    std::vector<uint16_t> ports;
    bool operator==(const Sockets&) const = default;
};
/// A change is one text of bytes, cut; the pieces of one come one after another.
struct ChangePiece {
    uint64_t sequence = 0;
    bool is_last = false;
    std::string bytes;
    bool operator==(const ChangePiece&) const = default;
};
/// Take no more connections, and end when those that are there have ended.
struct Retire {
    bool operator==(const Retire&) const = default;
};
using ToGateway = std::variant<Settings, Sockets, ChangePiece, Retire>;

// ---- gateway to daemon -----------------------------------------------------------------------------------------------------

struct Applied {
    uint64_t sequence = 0;
    bool operator==(const Applied&) const = default;
};
struct Reports {
    std::vector<BackendReport> backends;
    bool operator==(const Reports&) const = default;
};
/// Whole lines of the access log, each with its end.
struct AccessLines {
    std::string text;
    bool operator==(const AccessLines&) const = default;
};
using ToDaemon = std::variant<Applied, Reports, Wanted, Fault, AccessLines>;

// ---- packets ---------------------------------------------------------------------------------------------------------------

std::string encode(const ToGateway& message);
/// Texts that are too long are cut, control characters in what is written for people become '?'.
std::string encode(ToDaemon message);
/// bad_request for whatever `encode` does not write.
Result<ToGateway> decode_to_gateway(std::string_view packet);
Result<ToDaemon> decode_to_daemon(std::string_view packet);

/// The packets that say this change; too_large for one over `change_bytes_max`.
Result<std::vector<std::string>> encode_change(const Change& change, uint64_t sequence);
/// The packets that say so many reports.
std::vector<std::string> encode_reports(const std::vector<BackendReport>& reports);

/// Puts the pieces of changes together again.
class ChangePieces {
  public:
    struct Whole {
        uint64_t sequence = 0;
        Change change;
    };
    /// The change of which this was the last piece. After an error the two sides do not understand each other any more.
    Result<std::optional<Whole>> take(ChangePiece piece);

  private:
    std::optional<uint64_t> sequence_;  ///< of what has begun
    std::string bytes_;
};

}  // namespace orilla::gateway

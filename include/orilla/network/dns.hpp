// The cluster's DNS: answers for the cluster domain from memory, everything else from the upstream resolvers. It promises
// that hostile packets cost a bounded amount of work, that names of the cluster are answered without asking anybody (so
// the search path costs nothing), and that neither a slow upstream nor one pod can use up its queues.
// `answer` is pure: bytes and a zone in, bytes out.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/base/ipv4.hpp"
#include "orilla/base/random.hpp"
#include "orilla/base/result.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/network/dns_zone.hpp"

namespace orilla::network {

/// What is to be done with a query.
struct DnsVerdict {
    enum class Kind {
        reply,    ///< send `reply`
        forward,  ///< not ours: ask upstream and pass its reply on
        chase,    ///< an ExternalName: ask upstream for `target` and put the CNAME in front
        drop,     ///< not a query: no reply at all
    };
    Kind kind = Kind::drop;
    std::string reply;
    std::string target;
};

enum class DnsTransport { udp, tcp };

/// Pure. Over UDP a reply that does not fit what the client takes comes back truncated.
DnsVerdict answer(std::string_view query, const DnsZone& zone, DnsTransport transport);

struct DnsUpstream {
    Ipv4 ip;
    uint16_t port = 53;
};

struct DnsServerConfig {
    Ipv4 address;  ///< where to listen: the bridge's address
    uint16_t port = 53;
    Cidr pod_cidr;  ///< only it, loopback and `address` itself get answers
    /// When empty, the nameservers of `resolv_conf`, read again when the file changes.
    std::vector<DnsUpstream> upstreams;
    std::string resolv_conf = "/etc/resolv.conf";
};

struct DnsCounters {
    uint64_t queries = 0;
    uint64_t forwarded = 0;
    uint64_t refused = 0;   ///< over a limit, or from a stranger
    uint64_t timeouts = 0;  ///< no upstream answered
};

class DnsServer {
  public:
    /// Binds UDP and TCP and starts serving. `zone` outlives the server; `files` reads the resolv.conf.
    static Result<std::unique_ptr<DnsServer>> open(loop::Loop& loop, loop::Executor& files, Random& random, const DnsZone& zone,
                                                   DnsServerConfig config);
    virtual ~DnsServer() = default;
    virtual const DnsCounters& counters() const = 0;
};

/// The nameserver lines of a resolv.conf; IPv6 ones are left out. At most 8.
std::vector<DnsUpstream> parse_resolv_conf(std::string_view text);

}  // namespace orilla::network

// Questions to other resolvers: each from a socket of its own, so with a random port, and with a random id. A reply counts
// only when it repeats both and the question. Waits are the caller's to bound.
#pragma once

#include <string>
#include <vector>

#include "orilla/base/random.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/network/dns.hpp"

namespace orilla::network {

/// The resolvers to ask: fixed ones, or those of a resolv.conf, looked at again every few seconds when used.
class DnsUpstreamList {
  public:
    DnsUpstreamList(loop::Loop& loop, const DnsServerConfig& config) : loop_(loop), config_(config) {}
    const std::vector<DnsUpstream>& current();

  private:
    void read_file();
    loop::Loop& loop_;
    const DnsServerConfig& config_;
    std::vector<DnsUpstream> found_;
    int64_t read_ms_ = -1;
};

/// The reply, or "" when the other side refuses.
loop::Task<std::string> exchange_udp(loop::Loop& loop, DnsUpstream to, std::string query);
loop::Task<std::string> exchange_tcp(loop::Loop& loop, DnsUpstream to, std::string query);

/// Messages on a TCP connection, with their lengths. False, or "", when the connection ends or the message is too long.
loop::Task<bool> write_message(loop::FdWatch& watch, int fd, std::string message);
loop::Task<std::string> read_message(loop::FdWatch& watch, int fd, size_t bytes_max);

}  // namespace orilla::network

// Questions to other resolvers: each from a socket of its own, so with a random port, and with a random id. A reply counts
// only when it repeats both and the question. Waits are the caller's to bound.
#pragma once

#include <string>
#include <vector>

#include "orilla/base/random.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/network/dns.hpp"

namespace orilla::network {

constexpr int64_t resolv_conf_age_ms_max = 5'000;
/// A file that does not answer for longer is not waited for any more: those that it named before are asked.
constexpr int64_t resolv_conf_answer_ms_max = 200;

/// The resolvers to ask: fixed ones, or those of a resolv.conf, looked at again every few seconds when used.
class DnsUpstreamList {
  public:
    DnsUpstreamList(loop::Loop& loop, loop::Executor& files, const DnsServerConfig& config)
        : loop_(loop), files_(files), config_(config), read_(loop), scope_(loop) {}
    loop::Task<std::vector<DnsUpstream>> current();

  private:
    loop::Task<void> read_file();
    loop::Loop& loop_;
    loop::Executor& files_;
    const DnsServerConfig& config_;
    std::vector<DnsUpstream> found_;
    int64_t looked_ms_ = -1;  ///< when reading began
    bool reading_ = false;
    loop::Event read_;
    loop::Scope scope_;
};

/// The reply, or "" when the other side refuses.
loop::Task<std::string> exchange_udp(loop::Loop& loop, DnsUpstream to, std::string query);
loop::Task<std::string> exchange_tcp(loop::Loop& loop, DnsUpstream to, std::string query);

/// Messages on a TCP connection, with their lengths. False, or "", when the connection ends or the message is too long.
loop::Task<bool> write_message(loop::FdWatch& watch, int fd, std::string message);
loop::Task<std::string> read_message(loop::FdWatch& watch, int fd, size_t bytes_max);

}  // namespace orilla::network

#include <arpa/inet.h>
#include <fmt/core.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <cerrno>
#include <unordered_map>

#include "dns/dns_message.hpp"
#include "dns/dns_names.hpp"
#include "dns/dns_upstream.hpp"
#include "orilla/base/log.hpp"
#include "orilla/loop/timeout.hpp"
#include "orilla/network/dns.hpp"

namespace orilla::network {

namespace {
constexpr size_t query_bytes_max = 4096;
constexpr int datagrams_per_turn_max = 64;
constexpr int forwards_max = 256;  // under way, of all clients
constexpr int forwards_per_client_max = 64;
constexpr int connections_max = 64;
constexpr int connections_per_client_max = 16;
constexpr int queries_per_connection_max = 1000;
constexpr int64_t connection_idle_ms_max = 10'000;
constexpr int64_t upstream_try_ms_max = 1'500;
constexpr int upstream_tries_max = 3;
constexpr int64_t accept_pause_ms = 100;  // when there are no file descriptors left

/// Counts what is under way, of everybody and of each client; a slot gives itself back.
class Slots {
  public:
    Slots(int all_max, int each_max) : all_max_(all_max), each_max_(each_max) {}
    class Slot {
      public:
        Slot(Slots& slots, uint32_t client) : slots_(&slots), client_(client) {
            ++slots.all_;
            ++slots.each_[client];
        }
        Slot(Slot&& other) noexcept : slots_(std::exchange(other.slots_, nullptr)), client_(other.client_) {}
        Slot& operator=(Slot&&) = delete;
        ~Slot() {
            if (!slots_) return;
            --slots_->all_;
            if (--slots_->each_[client_] == 0) slots_->each_.erase(client_);
        }

      private:
        Slots* slots_;
        uint32_t client_;
    };
    std::optional<Slot> take(Ipv4 client) {
        const auto mine = each_.find(client.value);
        if (all_ >= all_max_ || (mine != each_.end() && mine->second >= each_max_)) return std::nullopt;
        return Slot(*this, client.value);
    }

  private:
    int all_max_, each_max_;
    int all_ = 0;
    std::unordered_map<uint32_t, int> each_;
};

sockaddr_in socket_address(Ipv4 ip, uint16_t port) {
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(ip.value);
    address.sin_port = htons(port);
    return address;
}

Result<UniqueFd> bind_socket(const DnsServerConfig& config, int type) {
    const char* name = type == SOCK_DGRAM ? "/UDP" : "/TCP";
    const std::string where = fmt::format("DNS on {}:{}{}", config.address.text(), config.port, name);
    UniqueFd fd(::socket(AF_INET, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
    if (!fd) return Error::from_errno(where, errno);
    const int on = 1;
    if (type == SOCK_STREAM) ::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const sockaddr_in address = socket_address(config.address, config.port);
    if (::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0)
        return Error::from_errno(where, errno);
    if (type == SOCK_STREAM && ::listen(fd.get(), connections_max) != 0) return Error::from_errno(where, errno);
    return fd;
}

/// The question for an ExternalName's target, in the place of the client's.
std::string target_query(std::string_view client_query, const std::string& target) {
    const ParsedQuery parsed = parse_query(client_query);
    constexpr uint16_t recursion_desired = 0x0100;
    return be16(0) + be16(recursion_desired) + be16(1) + be16(0) + be16(0) + be16(0) + name_bytes(target) +
           be16(parsed.query.type) + be16(parsed.query.klass);
}

class DnsServerImpl final : public DnsServer {
  public:
    DnsServerImpl(loop::Loop& loop, loop::Executor& files, Random& random, const DnsZone& zone, DnsServerConfig config,
                  UniqueFd udp, UniqueFd tcp)
        : loop_(loop),
          random_(random),
          zone_(zone),
          config_(std::move(config)),
          upstreams_(loop, files, config_),
          udp_(std::move(udp)),
          tcp_(std::move(tcp)),
          udp_watch_(loop, udp_.get()),
          tcp_watch_(loop, tcp_.get()),
          scope_(loop) {
        scope_.spawn(serve_udp());
        scope_.spawn(accept_connections());
    }
    const DnsCounters& counters() const override { return counters_; }

  private:
    /// A resolver open to the world would be used against others.
    bool knows(Ipv4 client) const {
        return config_.pod_cidr.contains(client) || client == config_.address || client.value >> 24 == 127;
    }

    loop::Task<void> serve_udp();
    void handle_datagram(std::string query, const sockaddr_in& client);
    loop::Task<void> forward_datagram(std::string query, DnsVerdict verdict, sockaddr_in client, Slots::Slot slot);
    void send_datagram(const std::string& reply, const sockaddr_in& client);

    loop::Task<void> accept_connections();
    void handle_connection(UniqueFd fd, Ipv4 client);
    loop::Task<void> serve_connection(UniqueFd fd, Ipv4 client, Slots::Slot slot);
    loop::Task<std::string> answer_on_connection(std::string query, Ipv4 client);

    loop::Task<std::string> resolve(std::string query, DnsVerdict verdict, DnsTransport transport);
    loop::Task<std::string> ask_upstreams(std::string query, DnsTransport transport);

    loop::Loop& loop_;
    Random& random_;
    const DnsZone& zone_;
    const DnsServerConfig config_;
    DnsUpstreamList upstreams_;
    size_t preferred_ = 0;  ///< the upstream that answered last
    DnsCounters counters_;
    Slots forwards_{forwards_max, forwards_per_client_max};
    Slots connections_{connections_max, connections_per_client_max};
    UniqueFd udp_;
    UniqueFd tcp_;
    loop::FdWatch udp_watch_;
    loop::FdWatch tcp_watch_;
    loop::Scope scope_;  ///< last: its tasks use all of the above
};

// ---- UDP -------------------------------------------------------------------------------------------------------------

loop::Task<void> DnsServerImpl::serve_udp() {
    std::string buffer;
    for (int served = 0;;) {
        buffer.resize(query_bytes_max);
        sockaddr_in client{};
        socklen_t size = sizeof client;
        const ssize_t got =
            ::recvfrom(udp_.get(), buffer.data(), buffer.size(), MSG_TRUNC, reinterpret_cast<sockaddr*>(&client), &size);
        if (got < 0 && errno == EAGAIN) {
            served = 0;
            co_await udp_watch_.readable();
            continue;
        }
        // Other errors are an ICMP message about an earlier reply.
        if (got > 0 && static_cast<size_t>(got) <= query_bytes_max)
            handle_datagram(buffer.substr(0, static_cast<size_t>(got)), client);
        if (++served < datagrams_per_turn_max) continue;
        served = 0;
        co_await loop_.yield();
    }
}

void DnsServerImpl::handle_datagram(std::string query, const sockaddr_in& client) {
    const Ipv4 ip{ntohl(client.sin_addr.s_addr)};
    ++counters_.queries;
    if (!knows(ip)) {
        ++counters_.refused;
        return;
    }
    DnsVerdict verdict = answer(query, zone_, DnsTransport::udp);
    if (verdict.kind == DnsVerdict::Kind::drop) return;
    if (verdict.kind == DnsVerdict::Kind::reply) return send_datagram(verdict.reply, client);
    auto slot = forwards_.take(ip);
    if (!slot) {
        ++counters_.refused;
        return send_datagram(error_reply(parse_query(query).query, DnsRcode::server_failure), client);
    }
    scope_.spawn(forward_datagram(std::move(query), std::move(verdict), client, std::move(*slot)));
}

loop::Task<void> DnsServerImpl::forward_datagram(std::string query, DnsVerdict verdict, sockaddr_in client, Slots::Slot slot) {
    const Slots::Slot held(std::move(slot));
    AWAIT(const std::string reply, resolve(std::move(query), std::move(verdict), DnsTransport::udp));
    send_datagram(reply, client);
}

void DnsServerImpl::send_datagram(const std::string& reply, const sockaddr_in& client) {
    // A full buffer drops the reply, as the network might.
    (void)!::sendto(udp_.get(), reply.data(), reply.size(), MSG_NOSIGNAL | MSG_DONTWAIT,
                    reinterpret_cast<const sockaddr*>(&client), sizeof client);
}

// ---- TCP -------------------------------------------------------------------------------------------------------------

loop::Task<void> DnsServerImpl::accept_connections() {
    for (;;) {
        sockaddr_in client{};
        socklen_t size = sizeof client;
        UniqueFd fd(::accept4(tcp_.get(), reinterpret_cast<sockaddr*>(&client), &size, SOCK_CLOEXEC | SOCK_NONBLOCK));
        if (fd) handle_connection(std::move(fd), Ipv4{ntohl(client.sin_addr.s_addr)});
        else if (errno == EAGAIN) co_await tcp_watch_.readable();
        else if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) co_await loop_.sleep_for(accept_pause_ms);
    }
}

void DnsServerImpl::handle_connection(UniqueFd fd, Ipv4 client) {
    auto slot = knows(client) ? connections_.take(client) : std::optional<Slots::Slot>();
    if (!slot) {
        ++counters_.refused;
        return;
    }
    scope_.spawn(serve_connection(std::move(fd), client, std::move(*slot)));
}

loop::Task<void> DnsServerImpl::serve_connection(UniqueFd fd, Ipv4 client, Slots::Slot slot) {
    const Slots::Slot held(std::move(slot));
    const UniqueFd socket(std::move(fd));
    loop::FdWatch watch(loop_, socket.get());
    for (int served = 0; served < queries_per_connection_max; ++served) {
        AWAIT(std::optional<std::string> query,
              loop::with_timeout(loop_, read_message(watch, socket.get(), query_bytes_max), connection_idle_ms_max));
        if (!query || query->empty()) co_return;
        AWAIT(std::string reply, answer_on_connection(std::move(*query), client));
        if (reply.empty()) co_return;
        AWAIT(const std::optional<bool> written,
              loop::with_timeout(loop_, write_message(watch, socket.get(), std::move(reply)), connection_idle_ms_max));
        if (!written.value_or(false)) co_return;
    }
}

loop::Task<std::string> DnsServerImpl::answer_on_connection(std::string query, Ipv4 client) {
    ++counters_.queries;
    DnsVerdict verdict = answer(query, zone_, DnsTransport::tcp);
    if (verdict.kind == DnsVerdict::Kind::drop) co_return std::string();
    if (verdict.kind == DnsVerdict::Kind::reply) co_return std::move(verdict.reply);
    const auto slot = forwards_.take(client);
    if (!slot) {
        ++counters_.refused;
        co_return error_reply(parse_query(query).query, DnsRcode::server_failure);
    }
    CO_RETURN_AWAIT(resolve(std::move(query), std::move(verdict), DnsTransport::tcp));
}

// ---- upstream --------------------------------------------------------------------------------------------------------

/// Always a reply: SERVFAIL when nobody knows.
loop::Task<std::string> DnsServerImpl::resolve(std::string query, DnsVerdict verdict, DnsTransport transport) {
    ++counters_.forwarded;
    const bool chase = verdict.kind == DnsVerdict::Kind::chase;
    AWAIT(std::string reply, ask_upstreams(chase ? target_query(query, verdict.target) : query, transport));
    if (reply.empty()) {
        ++counters_.timeouts;
        co_return error_reply(parse_query(query).query, DnsRcode::server_failure);
    }
    if (chase) co_return chased_answer(query, verdict.target, reply, transport);
    reply.replace(0, 2, query, 0, 2);
    co_return reply;
}

loop::Task<std::string> DnsServerImpl::ask_upstreams(std::string query, DnsTransport transport) {
    for (int attempt = 0; attempt < upstream_tries_max; ++attempt) {
        // Read anew each time: the file may have changed while we waited.
        AWAIT(const std::vector<DnsUpstream> all, upstreams_.current());
        if (all.empty()) break;
        const size_t index = (preferred_ + static_cast<size_t>(attempt)) % all.size();
        query.replace(0, 2, be16(static_cast<uint16_t>(random_.next())));
        auto exchange =
            transport == DnsTransport::udp ? exchange_udp(loop_, all[index], query) : exchange_tcp(loop_, all[index], query);
        AWAIT(std::optional<std::string> reply, loop::with_timeout(loop_, std::move(exchange), upstream_try_ms_max));
        if (!reply || reply->empty()) continue;
        preferred_ = index;
        co_return std::move(*reply);
    }
    co_return std::string();
}

}  // namespace

Result<std::unique_ptr<DnsServer>> DnsServer::open(loop::Loop& loop, loop::Executor& files, Random& random, const DnsZone& zone,
                                                   DnsServerConfig config) {
    TRY(UniqueFd udp, bind_socket(config, SOCK_DGRAM));
    TRY(UniqueFd tcp, bind_socket(config, SOCK_STREAM));
    return std::unique_ptr<DnsServer>(
        std::make_unique<DnsServerImpl>(loop, files, random, zone, std::move(config), std::move(udp), std::move(tcp)));
}

}  // namespace orilla::network

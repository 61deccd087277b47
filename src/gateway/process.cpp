#include "process.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>

#include "confinement.hpp"
#include "orilla/base/heap.hpp"
#include "orilla/base/log.hpp"
#include "orilla/base/program_pages.hpp"
#include "orilla/gateway/run.hpp"
#include "orilla/loop/timeout.hpp"
#include "process_fds.hpp"

namespace orilla::gateway {

ProcessLimits process_limits() {
    ProcessLimits limits;
    http::ServerLimits& server = limits.server;
    server.connections_max = 20'000;
    server.client_connections_max = 10'000;  // everybody may come through one proxy
    server.client_watches_max = 8'000;
    server.address_strangers_max = 1'000;
    server.unsent_bytes_max = 64 * 1024 * 1024;
    server.send_buffer_bytes = 256 * 1024;
    server.connection.idle_ms_max = 75'000;
    return limits;
}

Process::Process(loop::Loop& loop, UniqueFd control, UniqueFd meeting_place, ProcessLimits limits)
    : loop_(loop),
      limits_(limits),
      control_(loop, std::move(control)),
      meeting_place_(std::move(meeting_place)),
      proxy_(loop, [this](const std::string& backend) { tell(Wanted{backend}); }),
      server_(loop, proxy_, limits.server),
      successor_came_(loop),
      scope_(loop) {}
Process::~Process() = default;

loop::Task<Result<void>> Process::run() {
    scope_.spawn(report());
    CO_TRY_VOID(hear());
    if (!is_retired_) {
        log::info("the daemon has gone; the gateway goes on by the routes that it has");
        AWAIT_VOID(loop::with_timeout_void(loop_, meet_successor(), limits_.alone_ms_max));
    }
    AWAIT_VOID(drain());
    co_return ok();
}

/// Until the daemon wants it no more, or has gone.
loop::Task<Result<void>> Process::hear() {
    while (!is_retired_) {
        CO_TRY(Packet packet, control_.receive());
        if (packet.bytes.empty()) co_return ok();
        CO_CHECK(ToGateway message, decode_to_gateway(packet.bytes));
        CO_CHECK_VOID(take(std::move(message), std::move(packet.fds)));
    }
    co_return ok();
}

Result<void> Process::take(ToGateway message, std::vector<UniqueFd> fds) {
    if (auto* piece = std::get_if<ChangePiece>(&message)) {
        TRY(auto whole, pieces_.take(std::move(*piece)));
        if (whole) apply(whole->sequence, std::move(whole->change));
    } else if (const auto* sockets = std::get_if<Sockets>(&message)) {
        TRY(auto taken, take_sockets(*sockets, std::move(fds)));
        for (auto& [port, fd] : taken) sockets_[port] = std::move(fd);
    } else if (const auto* settings = std::get_if<Settings>(&message)) {
        proxy_.set_logs_access(settings->logs_access);
        if (!settings->affinity_secret.empty()) proxy_.set_cookie_secret(settings->affinity_secret);
    } else {
        is_retired_ = true;
    }
    return ok();
}

void Process::apply(uint64_t sequence, Change change) {
    for (Fault& fault : proxy_.apply(std::move(change))) tell(std::move(fault));
    listen_on_ports();
    tell(Applied{sequence});
}

void Process::listen_on_ports() {
    const auto wanted = proxy_.ports();
    std::erase_if(listening_, [this, &wanted](uint16_t port) {
        const bool is_over = !wanted.contains(port);
        if (is_over) server_.stop_listening(port);
        return is_over;
    });
    std::erase_if(sockets_, [&wanted](const auto& entry) { return !wanted.contains(entry.first); });
    for (const auto& [port, fd] : sockets_) {
        if (!listening_.insert(port).second) continue;
        UniqueFd copy(fcntl(fd.get(), F_DUPFD_CLOEXEC, 0));
        if (!copy) log::error(Error::from_errno("duplicate a listening socket", errno).message());
        else proxy_.listen(server_, port, std::move(copy));
    }
}

/// The daemon is told what there is room for; reports come again.
void Process::tell(const ToDaemon& message) { (void)control_.send_now(encode(message)); }

// ---- the end ---------------------------------------------------------------------------------------------------------------

loop::Task<void> Process::meet_successor() {
    loop::FdWatch watch(loop_, meeting_place_.get());
    for (;;) {
        UniqueFd connection(accept4(meeting_place_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
        if (!connection && errno == EINTR) continue;
        if (!connection && errno != EAGAIN) co_return;  // there is no such place
        if (!connection) {
            co_await watch.readable();
            continue;
        }
        AWAIT(const bool is_done, hand_over(std::move(connection)));
        if (is_done) co_return;
    }
}

/// False when it was no daemon, or one that died before somebody else served.
loop::Task<bool> Process::hand_over(UniqueFd connection) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (getsockopt(connection.get(), SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0) co_return false;
    if (peer.uid != 0 && peer.uid != getuid()) co_return false;
    PacketSocket successor(loop_, std::move(connection));
    auto [bytes, fds] = render_sockets(sockets_);
    AWAIT(const auto sent, successor.send(std::move(bytes), std::move(fds)));
    if (!sent) co_return false;
    AWAIT(const auto packet, successor.receive());
    if (!packet || packet->bytes.empty()) co_return false;
    const auto message = decode_to_gateway(packet->bytes);
    co_return message&& std::holds_alternative<Retire>(*message);
}

loop::Task<void> Process::drain() {
    is_retired_ = true;
    proxy_.retire();
    for (const uint16_t port : std::exchange(listening_, {})) server_.stop_listening(port);
    sockets_.clear();
    meeting_place_.reset();
    const int64_t end_ms = loop_.now_ms() + limits_.drain_ms_max;
    while (server_.connections() > 0 && loop_.now_ms() < end_ms) co_await loop_.sleep_for(limits_.look_ms);
}

/// Sleeps as long as there is no traffic.
loop::Task<void> Process::report() {
    for (;;) {
        AWAIT_VOID(proxy_.wait_for_news());
        co_await loop_.sleep_for(limits_.report_ms);
        for (const std::string& packet : encode_reports(proxy_.take_reports())) (void)control_.send_now(packet);
        if (std::string lines = proxy_.take_access_lines(); !lines.empty()) tell(AccessLines{std::move(lines)});
    }
}

// ---- main ------------------------------------------------------------------------------------------------------------------

namespace {
loop::Task<void> run_to_end(loop::Loop& loop, Process& process, int* status) {
    AWAIT(const auto ended, process.run());
    if (!ended) {
        log::error("gateway: " + ended.error().message());
        *status = 1;
    }
    loop.stop();
}

int gateway_main() {
    prctl(PR_SET_NAME, "orilla-gateway", 0, 0, 0);
    signal(SIGPIPE, SIG_IGN);
    // The daemon's Ctrl-C is not ours: it tells us itself.
    signal(SIGINT, SIG_IGN);
    load_program_by_pages();  // beside the daemon, in the same memory cgroup
    (void)heap::start();
    int kind = 0;
    socklen_t size = sizeof kind;
    if (getsockopt(control_fd, SOL_SOCKET, SO_TYPE, &kind, &size) != 0 || kind != SOCK_SEQPACKET) {
        log::error("the gateway is started by orilla serve, not by hand");
        return 2;
    }
    if (auto confined = confine_gateway(); !confined) {
        log::error("confine the gateway: " + confined.error().message());
        return 1;
    }
    SystemClock clock;
    loop::Loop loop(clock);
    int status = 0;
    Process process(loop, UniqueFd(control_fd), UniqueFd(meeting_fd), process_limits());
    loop::Scope scope(loop);
    scope.spawn(run_to_end(loop, process, &status));
    loop.run();
    return status;
}
}  // namespace

std::optional<int> run_gateway(std::string_view verb) {
    if (verb != "gateway") return std::nullopt;
    return gateway_main();
}

}  // namespace orilla::gateway

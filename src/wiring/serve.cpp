#include "serve.hpp"

#include <fmt/core.h>
#include <malloc.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "daemon.hpp"
#include "orilla/base/heap.hpp"
#include "orilla/base/log.hpp"
#include "orilla/base/program_pages.hpp"
#include "orilla/base/terminal_text.hpp"
#include "orilla/loop/signals.hpp"

namespace orilla::wiring {
namespace {

/// sd_notify(3), without libsystemd: one datagram to $NOTIFY_SOCKET.
void notify_systemd(const std::string& state) {
    const char* path = getenv("NOTIFY_SOCKET");
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    if (!path || !*path || strlen(path) >= sizeof address.sun_path) return;
    memcpy(address.sun_path, path, strlen(path));
    if (address.sun_path[0] == '@') address.sun_path[0] = '\0';
    UniqueFd fd(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + strlen(path));
    if (fd) sendto(fd.get(), state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), size);
}

/// Tells systemd's watchdog that the loop turns, twice per interval; nothing without WATCHDOG_USEC.
loop::Task<void> feed_watchdog(loop::Loop& loop) {
    const char* text = getenv("WATCHDOG_USEC");
    const int64_t interval_ms = text ? atoll(text) / 1000 : 0;
    while (interval_ms > 1) {
        notify_systemd("WATCHDOG=1");
        co_await loop.sleep_for(interval_ms / 2);
    }
}

loop::Task<void> serve_until_signal(loop::Loop& loop, Daemon& daemon, int* status) {
    loop::Signals signals(loop, {SIGINT, SIGTERM});
    AWAIT(auto started, daemon.start());
    if (!started) {
        log::error("orilla serve: " + started.error().message());
        *status = 1;
    } else {
        notify_systemd("READY=1\nSTATUS=serving");
        AWAIT(const int number, signals.next());
        log::info(fmt::format("stopping on {}; pods go on running", strsignal(number)));
        notify_systemd("STOPPING=1");
    }
    AWAIT(auto stopped, daemon.stop());
    if (!stopped) {
        log::error("close the store: " + stopped.error().message());
        *status = 1;
    }
    loop.stop();
}

/// Of the program: all that fits is read once, then only what is needed.
void keep_program_small() {
    read_program_ahead();
    load_program_by_pages();
}

/// Small blocks in places of their own; of malloc's, one heap for all threads, which hand each other what they allocate.
/// Large blocks are mapped, and go back when freed.
void keep_heap_small() {
    constexpr int mapped_bytes_min = 256 * 1024, trimmed_bytes_min = 64 * 1024;
    mallopt(M_ARENA_MAX, 1);
    mallopt(M_MMAP_THRESHOLD, mapped_bytes_min);
    mallopt(M_TRIM_THRESHOLD, trimmed_bytes_min);
    (void)heap::start();
}

log::Level parse_level(const std::string& text) {
    if (text == "error") return log::Level::error;
    if (text == "warning") return log::Level::warning;
    return text == "debug" ? log::Level::debug : log::Level::info;
}

}  // namespace

int run_serve(const std::vector<std::string>& args, const apiserver::BuildInfo& build) {
    std::string help;
    auto config = parse_serve_args(args, &help);
    if (!config) {
        fprintf(stderr, "error: %s\nSee 'orilla serve --help'.\n", terminal_text(config.error().message()).c_str());
        return 2;
    }
    if (!help.empty()) {
        fputs(help.c_str(), stdout);
        return 0;
    }
    if (geteuid() != 0) {
        fprintf(stderr, "error: orilla serve needs root: it makes namespaces, mounts and network rules\n");
        return 1;
    }
    signal(SIGPIPE, SIG_IGN);
    log::set_level(parse_level(config->log_level));
    keep_program_small();
    keep_heap_small();
    SystemClock clock;
    loop::Loop loop(clock);
    int status = 0;
    Daemon daemon(loop, std::move(*config), build);
    loop::Scope scope(loop);
    scope.spawn(serve_until_signal(loop, daemon, &status));
    scope.spawn(feed_watchdog(loop));
    loop.run();
    return status;
}

}  // namespace orilla::wiring

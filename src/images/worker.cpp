#include "worker.hpp"

#include <fmt/core.h>
#include <sys/socket.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>
#include <cerrno>
#include <csignal>
#include <cstdlib>

#include "limits.hpp"
#include "orilla/loop/timeout.hpp"
#include "worker_fds.hpp"

namespace orilla::images {

namespace {
constexpr int64_t send_ms_max = 10'000;

/// The only part of the daemon's environment that a worker has a use for.
std::vector<std::string> proxy_environment() {
    std::vector<std::string> out;
    for (const char* name : {"http_proxy", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY"})
        if (const char* value = std::getenv(name)) out.push_back(fmt::format("{}={}", name, value));
    return out;
}
}  // namespace

Result<std::unique_ptr<Worker>> Worker::start(loop::Loop& loop, const std::string& program, const std::string& verb,
                                              std::vector<std::pair<int, int>> fds) {
    int ends[2];
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) return Error::from_errno("socketpair", errno);
    UniqueFd ours(ends[0]), theirs(ends[1]);
    loop::SpawnSpec spec;
    spec.path = program;
    spec.argv = {"orilla", verb};
    spec.env = proxy_environment();
    spec.fds = std::move(fds);
    spec.fds.emplace_back(theirs.get(), channel_fd);
    spec.fds.emplace_back(STDERR_FILENO, STDERR_FILENO);
    auto child = loop::spawn_child(loop, spec);
    if (!child) return std::move(child).error().with_context("start the " + verb);
    return std::make_unique<Worker>(loop, verb, std::move(*child), std::move(ours));
}

Worker::Worker(loop::Loop& loop, std::string verb, loop::Child child, UniqueFd channel)
    : loop_(loop),
      verb_(std::move(verb)),
      child_(std::move(child)),
      channel_(std::move(channel)),
      watch_(loop, channel_.get()) {}

loop::Task<Result<void>> Worker::write_all(std::string text) {
    std::string_view left = text;
    while (!left.empty()) {
        const ssize_t sent = ::send(channel_.get(), left.data(), left.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
        if (sent >= 0) {
            left.remove_prefix(static_cast<size_t>(sent));
            continue;
        }
        if (errno == EAGAIN) co_await watch_.writable();
        else if (errno != EINTR) break;
    }
    // A worker that has ended is noticed, and explained, by the next receive.
    co_return ok();
}

loop::Task<Result<void>> Worker::send(json::object message) {
    auto writing = write_all(json::serialize(message) + "\n");
    CO_RETURN_AWAIT(loop::with_deadline(loop_, std::move(writing), send_ms_max, "talk to the " + verb_));
}

loop::Task<Error> Worker::sudden_end() {
    child_.kill(SIGTERM);  // it has closed its channel: nothing it does can matter any more
    auto waiting = child_.wait();
    AWAIT(const auto status, loop::with_timeout(loop_, std::move(waiting), kill_grace_ms_max));
    const std::string how = status ? status->describe() : "did not end";
    co_return Error(Code::internal, fmt::format("the {} ended early: it {}", verb_, how));
}

loop::Task<Result<std::string>> Worker::read_line() {
    for (;;) {
        const size_t end = buffer_.find('\n', scanned_bytes_);
        if (end != std::string::npos) {
            std::string line = buffer_.substr(0, end);
            buffer_.erase(0, end + 1);
            scanned_bytes_ = 0;
            co_return line;
        }
        scanned_bytes_ = buffer_.size();
        if (buffer_.size() > message_bytes_max)
            co_return Error(Code::internal, fmt::format("the {} sent too long a message", verb_));
        char chunk[16 * 1024];
        const ssize_t got = ::recv(channel_.get(), chunk, sizeof chunk, MSG_DONTWAIT);
        if (got > 0) {
            buffer_.append(chunk, static_cast<size_t>(got));
            continue;
        }
        if (got < 0 && errno == EAGAIN) {
            co_await watch_.readable();
            continue;
        }
        if (got < 0 && errno == EINTR) continue;
        CO_RETURN_AWAIT(sudden_end());
    }
}

loop::Task<Result<json::object>> Worker::receive(int64_t idle_ms_max) {
    auto reading = read_line();
    AWAIT(auto line, loop::with_deadline(loop_, std::move(reading), idle_ms_max, "hear from the " + verb_));
    if (!line) co_return std::move(line).error();
    auto message = parse_object(*line, "message of the " + verb_);
    if (!message) co_return std::move(message).error();
    if (message->contains("error")) co_return decode_error(object_of(*message, "error"));
    co_return std::move(*message);
}

}  // namespace orilla::images

#include "orilla/gateway/gateway.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <optional>
#include <set>
#include <utility>

#include "handover.hpp"
#include "listening.hpp"
#include "messages.hpp"
#include "orilla/base/log.hpp"
#include "orilla/base/random.hpp"
#include "orilla/base/read_file.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/child.hpp"
#include "orilla/loop/timeout.hpp"
#include "packet_socket.hpp"
#include "process_fds.hpp"
#include "route_book.hpp"

namespace orilla::gateway {

namespace {
constexpr int64_t send_ms_max = 10'000;  ///< a process that reads nothing for so long hangs
constexpr int64_t kill_grace_ms_max = 2'000;
constexpr int64_t long_life_ms = 10'000;  ///< after so long a crash is the first one again
constexpr int64_t first_pause_ms = 50, pause_ms_max = 10'000;
constexpr int64_t first_bind_pause_ms = 50, bind_pause_ms_max = 5'000;

/// The first crash costs no pause: its connections wait in the sockets.
int64_t pause_after(int crashes) {
    if (crashes <= 1) return 0;
    return std::min(first_pause_ms << std::min(crashes - 2, 10), pause_ms_max);
}
}  // namespace

class Gateway::Impl {
  public:
    Impl(loop::Loop& loop, GatewayOptions options)
        : loop_(loop), options_(std::move(options)), changed_(loop), bind_again_(loop), scope_(loop) {
        scope_.spawn(run());
    }
    ~Impl() {
        scope_.cancel();
        if (running_) running_->child.let_go();
    }

    void apply(Change change) {
        book_.apply(std::move(change));
        is_told_ = true;
        changed_.notify_all();
    }

    std::vector<BackendReport> reports() const {
        std::vector<BackendReport> out;
        for (const auto& [key, report] : reports_) out.push_back(report);
        return out;
    }
    pid_t pid() const { return running_ ? running_->child.pid() : 0; }
    uint64_t starts() const { return starts_; }
    uint64_t crashes() const { return crashes_; }

    FaultFn on_fault;
    std::function<void(const Wanted&)> on_wanted;

  private:
    struct Running {
        Running(loop::Loop& loop, loop::Child the_child, UniqueFd fd)
            : child(std::move(the_child)), channel(loop, std::move(fd)) {}
        loop::Child child;
        PacketSocket channel;
        std::set<uint16_t> ports;    ///< that it has the sockets of
        std::optional<Error> ended;  ///< why nothing more comes from it
        bool is_told = false;        ///< the whole
    };

    loop::Task<void> run();
    loop::Task<Result<void>> serve();
    Result<void> start();
    loop::Task<Result<void>> tell_until_end();
    loop::Task<Result<bool>> tell_news();
    loop::Task<Result<void>> send(std::string bytes, std::vector<int> fds = {});
    loop::Task<Error> explain_end();
    loop::Task<void> listen_to(Running* running);
    void take(ToDaemon message);
    loop::Task<void> end_handover();
    void bind_ports();
    void tell_port_faults(uint16_t port, const std::string& message);

    loop::Loop& loop_;
    const GatewayOptions options_;
    RouteBook book_;
    loop::Event changed_;
    loop::Timer bind_again_;
    int64_t bind_pause_ms_ = first_bind_pause_ms;
    PortSockets sockets_;
    std::map<uint16_t, std::string> bind_faults_;  ///< as told; empty: not yet
    UniqueFd meeting_place_;
    bool is_shown_ = false;
    Predecessor before_;
    std::unique_ptr<Running> running_;
    std::map<std::string, BackendReport> reports_;
    uint64_t sequence_ = 0;
    uint64_t starts_ = 0, crashes_ = 0;
    bool is_told_ = false;
    loop::Scope scope_;
};

// ---- life ------------------------------------------------------------------------------------------------------------------

loop::Task<void> Gateway::Impl::run() {
    while (!is_told_) co_await changed_.wait();
    AWAIT(before_, meet_predecessor(loop_, options_.socket));
    sockets_ = std::move(before_.sockets);
    for (int crashes = 0;;) {
        if (!book_.has_listeners()) {
            sockets_.clear();
            AWAIT_VOID(end_handover());
            while (!book_.has_listeners()) co_await changed_.wait();
        }
        const int64_t began_ms = loop_.now_ms();
        AWAIT(const Result<void> served, serve());
        running_.reset();
        reports_.clear();
        if (served) continue;
        ++crashes_;
        crashes = loop_.now_ms() - began_ms > long_life_ms ? 1 : crashes + 1;
        const int64_t pause_ms = pause_after(crashes);
        log::error(fmt::format("the gateway ended: {}; it starts again{}", served.error().message(),
                               pause_ms ? fmt::format(" in {} ms", pause_ms) : ""));
        if (pause_ms > 0) co_await loop_.sleep_for(pause_ms);
    }
}

/// From its start to its end; without an error when it was not wanted any more.
loop::Task<Result<void>> Gateway::Impl::serve() {
    CO_CHECK_VOID(start());
    loop::Scope listening(loop_);
    listening.spawn(listen_to(running_.get()));
    AWAIT(auto told, tell_until_end());
    if (told) {
        running_->child.let_go();  // it ends when its connections have
        co_return ok();
    }
    if (!running_->ended) co_return std::move(told).error();
    CO_RETURN_AWAIT(explain_end());
}

Result<void> Gateway::Impl::start() {
    if (!meeting_place_) {
        TRY(meeting_place_, make_meeting_place(options_.socket));
    }
    TRY(auto ends, PacketSocket::make_pair());
    loop::SpawnSpec spec;
    spec.path = options_.program;
    spec.argv = {"orilla", "gateway"};
    spec.fds = {{ends.second.get(), control_fd}, {meeting_place_.get(), meeting_fd}, {STDERR_FILENO, STDERR_FILENO}};
    auto child = loop::spawn_child(loop_, spec);
    if (!child) return std::move(child).error().with_context("start the gateway");
    running_ = std::make_unique<Running>(loop_, std::move(*child), std::move(ends.first));
    ++starts_;
    return ok();
}

/// It has closed its channel: nothing that it does can matter any more.
loop::Task<Error> Gateway::Impl::explain_end() {
    loop::Child child = std::move(running_->child);
    auto waiting = child.wait();
    AWAIT(const auto status, loop::with_timeout(loop_, std::move(waiting), kill_grace_ms_max));
    if (!status) co_return Error(Code::internal, "it closed its channel and did not end");
    const int crash_code = 1;
    if (status->code == crash_code) co_return std::move(*running_->ended);
    co_return Error(Code::internal, "it " + std::string(status->signal ? "was " : "") + status->describe());
}

// ---- what it is told -------------------------------------------------------------------------------------------------------

loop::Task<Result<void>> Gateway::Impl::send(std::string bytes, std::vector<int> fds) {
    auto sending = running_->channel.send(std::move(bytes), std::move(fds));
    CO_RETURN_AWAIT(loop::with_deadline(loop_, std::move(sending), send_ms_max, "talk to the gateway"));
}

namespace {
/// The same for each gateway until the node starts anew, so that clients find their endpoints again. 32 bytes in memory
/// (tmpfs).
std::string keep_secret(const std::string& path) {
    constexpr size_t secret_bytes = 32;
    if (path.empty()) return {};
    if (auto kept = read_file(path, secret_bytes); kept && kept->size() == secret_bytes) return std::move(*kept);
    SystemRandom random;
    std::string made;
    while (made.size() < secret_bytes) made += static_cast<char>(random.next());
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd || ::write(fd.get(), made.data(), made.size()) != static_cast<ssize_t>(made.size()))
        log::warning("gateway: cannot keep the secret of its cookies in " + path);
    return made;
}
}  // namespace

loop::Task<Result<void>> Gateway::Impl::tell_until_end() {
    Settings settings;
    settings.logs_access = options_.logs_access;
    settings.affinity_secret = keep_secret(options_.secret_file);
    std::string first = encode(ToGateway(settings));
    CO_TRY_VOID(send(std::move(first)));
    for (;;) {
        if (running_->ended) co_return *running_->ended;
        if (!book_.has_listeners()) {
            std::string last = encode(ToGateway(Retire()));
            CO_RETURN_AWAIT(send(std::move(last)));
        }
        CO_TRY(const bool has_told, tell_news());
        if (!has_told && !running_->ended) co_await changed_.wait();
    }
}

/// One thing that it does not know yet, sockets before the listeners that use them; false when there is none.
loop::Task<Result<bool>> Gateway::Impl::tell_news() {
    bind_ports();
    for (const auto& entry : sockets_) {
        if (!running_->ports.insert(entry.first).second) continue;
        Sockets message;
        message.ports.push_back(entry.first);
        std::vector<int> fds = {entry.second.get()};
        std::string bytes = encode(ToGateway(std::move(message)));
        CO_TRY_VOID(send(std::move(bytes), std::move(fds)));
        co_return true;  // the sockets may have changed meanwhile: the next round looks at them afresh
    }
    if (running_->is_told && !book_.has_news()) co_return false;
    const Change change = running_->is_told ? book_.take_news() : book_.take_whole();
    running_->is_told = true;
    CO_CHECK(auto packets, encode_change(change, ++sequence_));
    for (std::string& packet : packets) CO_TRY_VOID(send(std::move(packet)));
    co_return true;
}

// ---- ports -----------------------------------------------------------------------------------------------------------------

void Gateway::Impl::bind_ports() {
    const std::set<uint16_t> wanted = book_.ports();
    std::erase_if(sockets_, [&wanted](const auto& entry) { return !wanted.contains(entry.first); });
    std::erase_if(running_->ports, [&wanted](uint16_t port) { return !wanted.contains(port); });
    std::erase_if(bind_faults_, [&wanted](const auto& entry) { return !wanted.contains(entry.first); });
    bool fails = false;
    for (const uint16_t port : wanted) {
        if (sockets_.contains(port)) continue;
        auto socket = listen_on_port(port);
        if (socket) {
            sockets_[port] = std::move(*socket);
            if (const auto told = bind_faults_.extract(port); told && !told.mapped().empty()) tell_port_faults(port, {});
            continue;
        }
        fails = true;
        // At first it may still be the gateway itself, which is told to leave the port just now.
        const auto [known, is_new] = bind_faults_.try_emplace(port);
        if (is_new || known->second == socket.error().message()) continue;
        known->second = socket.error().message();
        tell_port_faults(port, known->second);
    }
    if (!fails) bind_pause_ms_ = first_bind_pause_ms;
    if (!fails || bind_again_.armed()) return;
    bind_again_.arm_after(bind_pause_ms_, [this] { changed_.notify_all(); });
    bind_pause_ms_ = std::min(bind_pause_ms_ * 2, bind_pause_ms_max);
}

void Gateway::Impl::tell_port_faults(uint16_t port, const std::string& message) {
    if (!message.empty()) log::warning("the gateway cannot serve: " + message);
    if (!on_fault) return;
    for (const std::string& key : book_.listeners_of(port)) on_fault({Fault::About::listener, key, message});
}

// ---- what it tells ---------------------------------------------------------------------------------------------------------

loop::Task<void> Gateway::Impl::listen_to(Running* running) {
    for (;;) {
        AWAIT(auto packet, running->channel.receive());
        if (packet && !packet->bytes.empty()) {
            auto message = decode_to_daemon(packet->bytes);
            if (message) {
                const bool is_first = std::holds_alternative<Applied>(*message);
                take(std::move(*message));
                if (is_first) AWAIT_VOID(end_handover());
                continue;
            }
            running->ended = std::move(message).error();
            running->child.kill(SIGKILL);
        } else {
            running->ended = packet ? Error(Code::unavailable, "it closed its channel") : std::move(packet).error();
        }
        break;
    }
    changed_.notify_all();
}

void Gateway::Impl::take(ToDaemon message) {
    if (auto* reports = std::get_if<Reports>(&message)) {
        for (BackendReport& report : reports->backends) reports_[report.key] = std::move(report);
    } else if (const auto* wanted = std::get_if<Wanted>(&message)) {
        if (on_wanted) on_wanted(*wanted);
    } else if (const auto* fault = std::get_if<Fault>(&message)) {
        if (!fault->message.empty()) log::warning(fmt::format("gateway: {}: {}", fault->key, fault->message));
        if (on_fault) on_fault(*fault);
    } else if (const auto* lines = std::get_if<AccessLines>(&message)) {
        (void)!::write(STDERR_FILENO, lines->text.data(), lines->text.size());
    }
}

/// Somebody else serves its ports, or nobody is to: the gateway before may stop accepting.
loop::Task<void> Gateway::Impl::end_handover() {
    if (meeting_place_ && !std::exchange(is_shown_, true)) {
        if (auto shown = show_meeting_place(options_.socket); !shown) log::warning("gateway: " + shown.error().message());
    }
    const auto before = std::move(before_.channel);
    if (!before) co_return;
    std::string bytes = encode(ToGateway(Retire()));
    AWAIT_VOID(before->send(std::move(bytes)));
}

// ---- outside ---------------------------------------------------------------------------------------------------------------

Gateway::Gateway(loop::Loop& loop, GatewayOptions options) : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Gateway::~Gateway() = default;
void Gateway::apply(Change change) { impl_->apply(std::move(change)); }
void Gateway::on_fault(FaultFn told) { impl_->on_fault = std::move(told); }
void Gateway::on_wanted(std::function<void(const Wanted&)> told) { impl_->on_wanted = std::move(told); }
std::vector<BackendReport> Gateway::reports() const { return impl_->reports(); }
pid_t Gateway::pid() const { return impl_->pid(); }

void Gateway::append_metrics(std::string& out) const {
    out += fmt::format("# TYPE orilla_gateway_starts_total counter\norilla_gateway_starts_total {}\n", impl_->starts());
    out += fmt::format("# TYPE orilla_gateway_crashes_total counter\norilla_gateway_crashes_total {}\n", impl_->crashes());
    struct Column {
        const char* name;
        const char* type;
        uint64_t (*value)(const BackendReport&);
    };
    static constexpr Column columns[] = {
        {"requests_total", "counter", [](const BackendReport& report) { return report.requests; }},
        {"refused_total", "counter", [](const BackendReport& report) { return report.refused; }},
        {"failed_total", "counter", [](const BackendReport& report) { return report.failed; }},
        {"retried_total", "counter", [](const BackendReport& report) { return report.retried; }},
        {"waited_milliseconds_total", "counter", [](const BackendReport& report) { return report.waited_ms; }},
        {"in_flight", "gauge", [](const BackendReport& report) { return uint64_t{report.in_flight}; }},
        {"waiting", "gauge", [](const BackendReport& report) { return uint64_t{report.waiting}; }},
    };
    const auto reports = impl_->reports();
    if (reports.empty()) return;
    for (const Column& column : columns) {
        out += fmt::format("# TYPE orilla_gateway_backend_{} {}\n", column.name, column.type);
        for (const BackendReport& report : reports)
            out +=
                fmt::format("orilla_gateway_backend_{}{{backend=\"{}\"}} {}\n", column.name, report.key, column.value(report));
    }
}

}  // namespace orilla::gateway

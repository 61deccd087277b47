#include "probes/probes.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/loop/timeout.hpp"
#include "probes/grpc_probe.hpp"

namespace orilla::node {
namespace {

std::string_view kind_name(ProbeKind kind) {
    return kind == ProbeKind::startup ? "Startup" : kind == ProbeKind::liveness ? "Liveness" : "Readiness";
}

Result<int> resolve_port(const api::IntOrString& port, const api::List<api::ContainerPort>& ports) {
    if (!port.is_string) return port.number;
    for (const auto& named : ports)
        if (named.name == port.text) return named.container_port;
    return Error(Code::unavailable, "couldn't find port: " + port.to_string());
}

loop::Task<Result<ProbeAnswer>> probe_exec(runtime::PodRuntime& runtime, api::ExecAction action, ProbeTarget target,
                                           int64_t limit_ms) {
    std::vector<std::string> argv;
    for (const auto& word : action.command) argv.emplace_back(word.view());
    CO_TRY(runtime::ExecOutcome result, runtime.exec(target.pod_uid, target.container_id, std::move(argv), limit_ms));
    if (result.timed_out) co_return Error(Code::timeout, fmt::format("command timed out after {} ms", limit_ms));
    if (result.exit_code == 0) co_return ProbeAnswer{};
    co_return Error(Code::unavailable, result.output.substr(0, probe_answer_bytes_max));
}

loop::Task<Result<ProbeAnswer>> ask(loop::Loop& loop, runtime::PodRuntime& runtime, api::Probe probe,
                                    api::List<api::ContainerPort> ports, ProbeTarget target) {
    const int64_t limit_ms = std::max(probe.timeout_seconds, 1) * int64_t{1000};
    if (probe.exec) {
        auto task = probe_exec(runtime, *probe.exec, target, limit_ms);
        co_return co_await std::move(task);
    }
    if (probe.tcp_socket) {
        CO_CHECK(int port, resolve_port(probe.tcp_socket->port, ports));
        const std::string host = probe.tcp_socket->host.empty() ? target.ip : probe.tcp_socket->host.str();
        AWAIT(auto connected, http::connect_tcp(loop, host, port));
        if (!connected) co_return std::move(connected).error();
        co_return ProbeAnswer{};
    }
    if (probe.grpc) {
        GrpcProbeRequest request{target.ip, probe.grpc->port, probe.grpc->service ? probe.grpc->service->str() : std::string(),
                                 limit_ms};
        CO_RETURN_AWAIT(check_grpc(loop, std::move(request)));
    }
    if (!probe.http_get) co_return Error(Code::unavailable, "the probe has no handler");
    CO_CHECK(int port, resolve_port(probe.http_get->port, ports));
    HttpProbeRequest request;
    request.url.host = probe.http_get->host.empty() ? target.ip : probe.http_get->host.str();
    request.url.port = port;
    request.url.tls = probe.http_get->scheme == "HTTPS";
    request.url.target = http::render_target(probe.http_get->path.view());
    for (const auto& header : probe.http_get->http_headers) request.headers.emplace_back(header.name.str(), header.value.str());
    CO_RETURN_AWAIT(get_http(loop, std::move(request)));
}

}  // namespace

loop::Task<Result<ProbeAnswer>> probe_once(loop::Loop& loop, runtime::PodRuntime& runtime, api::Probe probe,
                                           api::List<api::ContainerPort> ports, ProbeTarget target) {
    // An exec and gRPC end by themselves, in words of their own; the rest is cut here.
    const int64_t limit_ms = std::max(probe.timeout_seconds, 1) * int64_t{1000} + (probe.exec || probe.grpc ? 1000 : 0);
    auto task = ask(loop, runtime, std::move(probe), std::move(ports), std::move(target));
    AWAIT(auto result, loop::with_timeout(loop, std::move(task), limit_ms));
    if (!result) co_return Error(Code::unavailable, "context deadline exceeded (no answer in time)");
    co_return std::move(*result);
}

ProbeVerdict ProbeCounter::record(bool success) {
    run_ = success == last_ ? run_ + 1 : 1;
    last_ = success;
    const int threshold = success ? success_threshold_ : failure_threshold_;
    if (run_ >= threshold) verdict_ = success ? ProbeVerdict::success : ProbeVerdict::failure;
    return verdict_;
}

ContainerProber::ContainerProber(loop::Loop& loop, runtime::PodRuntime& runtime, const api::Container& container,
                                 ProbeTarget target, int64_t started_ms, Listener listener)
    : loop_(loop),
      runtime_(runtime),
      container_(container),
      target_(std::move(target)),
      started_ms_(started_ms),
      listener_(std::move(listener)),
      scope_(loop) {
    scope_.spawn(run_all());
}

loop::Task<void> ContainerProber::run_all() {
    if (container_.startup_probe) {
        AWAIT_VOID(run_one(ProbeKind::startup, *container_.startup_probe));
    }
    if (container_.liveness_probe) scope_.spawn(run_one(ProbeKind::liveness, *container_.liveness_probe));
    if (container_.readiness_probe) scope_.spawn(run_one(ProbeKind::readiness, *container_.readiness_probe));
}

loop::Task<void> ContainerProber::run_one(ProbeKind kind, api::Probe probe) {
    const int64_t period_ms = std::max(probe.period_seconds, 1) * int64_t{1000};
    ProbeCounter counter(std::max(probe.success_threshold, 1), std::max(probe.failure_threshold, 1));
    int64_t due_ms = started_ms_ + probe.initial_delay_seconds * int64_t{1000};
    for (;;) {
        if (due_ms > loop_.now_ms()) co_await loop_.sleep_until(due_ms);
        const int64_t asked_ms = loop_.now_ms();
        AWAIT(auto result, probe_once(loop_, runtime_, probe, container_.ports, target_));
        ProbeReport report{kind, counter.record(result.has_value()), result.has_value(), ""};
        if (!result) report.message = fmt::format("{} probe failed: {}", kind_name(kind), result.error().message());
        else if (!result->warning.empty())
            report.message = fmt::format("{} probe warning: {}", kind_name(kind), result->warning);
        listener_(report);
        if (kind == ProbeKind::startup && report.verdict == ProbeVerdict::success) co_return;
        due_ms = std::max(asked_ms + period_ms, loop_.now_ms());
    }
}

}  // namespace orilla::node

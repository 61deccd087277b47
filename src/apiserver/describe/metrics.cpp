#include "describe/metrics.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <malloc.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>

#include "orilla/base/heap.hpp"
#include "orilla/base/unique_fd.hpp"

namespace orilla::apiserver {

namespace {
void append_metric(std::string& out, std::string_view name, std::string_view type, std::string_view help, double value) {
    char number[48];
    std::snprintf(number, sizeof number, "%.15g", value);
    out += fmt::format("# HELP {0} {1}\n# TYPE {0} {2}\n{0} {3}\n", name, help, type, number);
}

double resident_bytes() {
    const UniqueFd fd(::open("/proc/self/statm", O_RDONLY | O_CLOEXEC));
    char text[128] = {};
    if (!fd || ::read(fd.get(), text, sizeof text - 1) <= 0) return 0;
    long total = 0, resident = 0;
    if (std::sscanf(text, "%ld %ld", &total, &resident) != 2) return 0;
    return static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
}

double seconds(const timeval& time) { return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6; }
}  // namespace

void append_process_metrics(std::string& out, int64_t started_wall_s) {
    rusage usage{};
    ::getrusage(RUSAGE_SELF, &usage);
    append_metric(out, "process_cpu_seconds_total", "counter", "User and system CPU time.",
                  seconds(usage.ru_utime) + seconds(usage.ru_stime));
    append_metric(out, "process_resident_memory_bytes", "gauge", "Resident memory.", resident_bytes());
    append_metric(out, "process_heap_bytes", "gauge", "Bytes allocated from the heap.",
                  static_cast<double>(::mallinfo2().uordblks + heap::stats().block_bytes));
    append_metric(out, "process_start_time_seconds", "gauge", "Start since 1970, by the clock of that moment.",
                  static_cast<double>(started_wall_s));
}

void append_loop_metrics(std::string& out, const loop::TurnStats& stats) {
    const auto seconds_of = [](int64_t ns) { return static_cast<double>(ns) / 1e9; };
    append_metric(out, "orilla_loop_turn_seconds_max", "gauge", "Longest turn of the event loop since start.",
                  seconds_of(stats.longest_ns));
    append_metric(out, "orilla_loop_turn_seconds_recent_max", "gauge", "Longest turn of the last one to two minutes.",
                  seconds_of(stats.longest_recent_ns));
    append_metric(out, "orilla_loop_turn_cpu_seconds_max", "gauge",
                  "Processor time of the turn over 50 ms that used most of it; 0 without one.",
                  seconds_of(stats.longest_cpu_ns));
    out +=
        "# HELP orilla_loop_turn_seconds Turns of the event loop; nothing is served during one.\n"
        "# TYPE orilla_loop_turn_seconds histogram\n";
    uint64_t count = 0;
    for (size_t i = 0; i < stats.counts.size(); ++i) {
        count += stats.counts[i];
        char bound[16] = "+Inf";
        if (i < stats.bounds_s.size()) std::snprintf(bound, sizeof bound, "%g", stats.bounds_s[i]);
        out += fmt::format("orilla_loop_turn_seconds_bucket{{le=\"{}\"}} {}\n", bound, count);
    }
    const std::string sum = std::to_string(seconds_of(stats.total_ns));
    out += fmt::format("orilla_loop_turn_seconds_sum {}\norilla_loop_turn_seconds_count {}\n", sum, count);
}

void append_store_metrics(std::string& out, const store::Reader& store) {
    const store::StoreStats stats = store.stats();
    const auto number = [](auto value) { return static_cast<double>(value); };
    append_metric(out, "orilla_store_revision", "gauge", "Latest revision.", number(store.revision()));
    append_metric(out, "orilla_store_durable_writes_total", "counter", "Writes answered after their commit.",
                  number(stats.durable_writes));
    append_metric(out, "orilla_store_soft_writes_total", "counter", "Writes answered from memory.", number(stats.soft_writes));
    append_metric(out, "orilla_store_commits_total", "counter", "Transactions that reached the disk.", number(stats.commits));
    append_metric(out, "orilla_store_soft_flushes_total", "counter", "Write-behind transactions.", number(stats.soft_flushes));
    append_metric(out, "orilla_store_failed_writes_total", "counter", "Writes refused by a full disk.",
                  number(stats.failed_writes));
    append_metric(out, "orilla_store_objects", "gauge", "Objects.", number(stats.objects));
    append_metric(out, "orilla_store_resident_bytes", "gauge", "Values held in memory.", number(stats.resident_bytes));
    append_metric(out, "orilla_store_history_events", "gauge", "Events a watch can start from.", number(stats.history_events));
    append_metric(out, "orilla_store_watches", "gauge", "Open watches.", number(stats.watches));
}

void append_http_metrics(std::string& out, const http::Counters& counters, size_t connections) {
    append_metric(out, "orilla_http_connections", "gauge", "Open connections.", static_cast<double>(connections));
    append_metric(out, "orilla_http_connections_total", "counter", "Accepted connections.",
                  static_cast<double>(counters.connections));
    append_metric(out, "orilla_http_connections_refused_total", "counter", "Connections beyond the bound.",
                  static_cast<double>(counters.connections_refused));
    append_metric(out, "orilla_http_watches_refused_total", "counter", "Watches beyond the bound of a client.",
                  static_cast<double>(counters.watches_refused));
    append_metric(out, "orilla_http_slow_ended_total", "counter", "Answers broken off because their clients did not read.",
                  static_cast<double>(counters.slow_ended));
    append_metric(out, "orilla_http_timeouts_total", "counter", "Connections closed for silence.",
                  static_cast<double>(counters.timeouts));
    append_metric(out, "orilla_http_requests_total", "counter", "Requests.", static_cast<double>(counters.requests));
    out += "# HELP orilla_http_answers_total Answers by class of status.\n# TYPE orilla_http_answers_total counter\n";
    for (int c = 2; c <= 5; ++c)
        out += fmt::format("orilla_http_answers_total{{class=\"{}xx\"}} {}\n", c, counters.answers_by_class[c]);
}

}  // namespace orilla::apiserver

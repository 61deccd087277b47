#include "orilla/loop/turn_meter.hpp"

#include <fmt/core.h>
#include <time.h>

#include <algorithm>
#include <cstring>

#include "orilla/base/log.hpp"

namespace orilla::loop {
namespace {

constexpr int64_t window_ns = 60'000'000'000;
/// Reading the processor time is a system call: not for every turn, and a little too early is near enough for a long one.
constexpr int64_t cpu_read_interval_ns = 5'000'000;
constexpr int64_t piece_told_ns_min = 1'000'000;

int64_t thread_cpu_ns() {
    timespec time{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time);
    return static_cast<int64_t>(time.tv_sec) * 1'000'000'000 + time.tv_nsec;
}

std::string milliseconds(int64_t ns) { return std::to_string(ns / 1'000'000) + " ms"; }

}  // namespace

void TurnMeter::Piece::append(std::string_view more) {
    const size_t taken = std::min(more.size(), text.size() - bytes);
    if (taken > 0) memcpy(text.data() + bytes, more.data(), taken);
    bytes += taken;
}

void TurnMeter::begin_turn(int64_t now_ns) {
    turn_began_ns_ = piece_began_ns_ = now_ns;
    longest_piece_ns_ = 0;
    piece_.clear();
    if (now_ns - cpu_read_ns_ < cpu_read_interval_ns) return;
    cpu_read_ns_ = now_ns;
    cpu_ns_ = thread_cpu_ns();
}

void TurnMeter::note(int64_t now_ns, std::string_view what, std::string_view which) {
    end_piece(now_ns);
    piece_.clear();
    piece_.append(what);
    if (!which.empty()) piece_.append(" ");
    piece_.append(which);
}

void TurnMeter::end_step(int64_t now_ns) {
    end_piece(now_ns);
    piece_.clear();
}

void TurnMeter::end_piece(int64_t now_ns) {
    const int64_t took_ns = now_ns - piece_began_ns_;
    piece_began_ns_ = now_ns;
    if (took_ns < piece_told_ns_min || took_ns <= longest_piece_ns_) return;
    longest_piece_ns_ = took_ns;
    longest_piece_ = piece_;
}

void TurnMeter::end_turn(int64_t now_ns) {
    end_piece(now_ns);
    const int64_t took_ns = now_ns - turn_began_ns_;
    const double took_s = static_cast<double>(took_ns) / 1e9;
    const auto bound = std::lower_bound(TurnStats::bounds_s.begin(), TurnStats::bounds_s.end(), took_s);
    ++stats_.counts[static_cast<size_t>(bound - TurnStats::bounds_s.begin())];
    stats_.total_ns += took_ns;
    if (now_ns - window_began_ns_ >= window_ns) {
        window_before_ns_ = now_ns - window_began_ns_ < 2 * window_ns ? window_longest_ns_ : 0;
        window_longest_ns_ = 0;
        window_began_ns_ = now_ns;
    }
    window_longest_ns_ = std::max(window_longest_ns_, took_ns);
    if (took_ns > stats_.longest_ns) {
        stats_.longest_ns = took_ns;
        if (took_ns >= piece_told_ns_min) stats_.longest_piece = render(longest_piece_);
    }
    if (took_ns <= long_turn_ns) return;
    const int64_t cpu_ns = std::min(thread_cpu_ns() - cpu_ns_, took_ns);
    stats_.longest_cpu_ns = std::max(stats_.longest_cpu_ns, cpu_ns);
    warn(now_ns, took_ns, cpu_ns);
}

void TurnMeter::warn(int64_t now_ns, int64_t took_ns, int64_t cpu_ns) {
    if (warned_ && now_ns - warned_ns_ < long_turn_warning_interval_ns) {
        ++not_told_;
        return;
    }
    std::string text =
        fmt::format("nothing was served for {} ({} of processor time), for {} because of {}", milliseconds(took_ns),
                    milliseconds(cpu_ns), milliseconds(longest_piece_ns_), render(longest_piece_));
    if (not_told_ > 0) text += fmt::format("; {} more such pauses since the last warning", not_told_);
    log::warning(text);
    warned_ = true;
    warned_ns_ = now_ns;
    not_told_ = 0;
}

std::string TurnMeter::render(const Piece& piece) {
    return piece.bytes == 0 ? "a task" : std::string(piece.text.data(), piece.bytes);
}

TurnStats TurnMeter::stats(int64_t now_ns) const {
    TurnStats stats = stats_;
    const int64_t age_ns = now_ns - window_began_ns_;
    if (age_ns < window_ns) stats.longest_recent_ns = std::max(window_longest_ns_, window_before_ns_);
    else if (age_ns < 2 * window_ns) stats.longest_recent_ns = window_longest_ns_;
    return stats;
}

}  // namespace orilla::loop

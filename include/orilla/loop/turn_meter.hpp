// How long the turns of a loop take, and what the longest piece of each was: whoever waits for an answer waits for the
// turn that is under way. It promises to cost one reading of the clock for each piece of work, and to warn of long turns
// rarely.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace orilla::loop {

/// A turn beyond this is a fault: a warning says what took so long.
constexpr int64_t long_turn_ns = 50'000'000;
/// So often at most.
constexpr int64_t long_turn_warning_interval_ns = 60'000'000'000;

struct TurnStats {
    static constexpr std::array<double, 8> bounds_s = {0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5, 1};
    std::array<uint64_t, bounds_s.size() + 1> counts{};  ///< turns up to each bound, and those beyond the last
    int64_t total_ns = 0;
    int64_t longest_ns = 0;         ///< since start
    int64_t longest_recent_ns = 0;  ///< of the last one to two minutes
    int64_t longest_cpu_ns = 0;     ///< processor time of the loop's thread in one turn; known of long turns only
    std::string longest_piece;      ///< what took most of the longest turn
};

class TurnMeter {
  public:
    void begin_turn(int64_t now_ns);
    /// What the piece of work that begins now is about.
    void note(int64_t now_ns, std::string_view what, std::string_view which);
    void end_step(int64_t now_ns);
    void end_turn(int64_t now_ns);
    TurnStats stats(int64_t now_ns) const;

  private:
    /// A copy, because what it names may be gone when the piece ends.
    struct Piece {
        std::array<char, 128> text;
        size_t bytes = 0;
        void clear() { bytes = 0; }
        void append(std::string_view more);
    };
    void end_piece(int64_t now_ns);
    void warn(int64_t now_ns, int64_t took_ns, int64_t cpu_ns);
    static std::string render(const Piece& piece);

    TurnStats stats_;
    int64_t turn_began_ns_ = 0;
    int64_t piece_began_ns_ = 0;
    Piece piece_, longest_piece_;
    int64_t longest_piece_ns_ = 0;  ///< of this turn
    int64_t window_began_ns_ = 0;
    int64_t window_longest_ns_ = 0, window_before_ns_ = 0;
    int64_t cpu_read_ns_ = 0, cpu_ns_ = 0;  ///< the thread's processor time, and when it was read
    int64_t warned_ns_ = 0;
    uint64_t not_told_ = 0;
    bool warned_ = false;
};

}  // namespace orilla::loop

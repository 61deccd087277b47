// What happened, line by line in virtual time: a rolling hash that a replay must repeat, the last lines for a person, and
// the broken promises.
#pragma once

#include <cstdint>
#include <deque>
#include <string>
#include <vector>

#include "../support/fake_clock.hpp"

namespace orilla::sim {

class Trace {
  public:
    Trace(const test::FakeClock& clock, bool print) : clock_(clock), print_(print) {}

    void add(const std::string& line);
    /// A promise is broken. The simulation goes on to its next look and stops there.
    void fail(const std::string& what);
    /// Takes bytes into the hash without a line.
    void mix(std::string_view bytes);

    bool failed() const { return !failures_.empty(); }
    const std::vector<std::string>& failures() const { return failures_; }
    uint64_t hash() const { return hash_; }
    uint64_t lines() const { return lines_; }
    const std::deque<std::string>& tail() const { return tail_; }

  private:
    const test::FakeClock& clock_;
    const bool print_;
    uint64_t hash_ = 14695981039346656037U;
    uint64_t lines_ = 0;
    std::deque<std::string> tail_;
    std::vector<std::string> failures_;
};

}  // namespace orilla::sim

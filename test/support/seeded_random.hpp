// Randomness that a test can repeat.
#pragma once

#include "orilla/base/random.hpp"

namespace orilla::test {

/// The same numbers for the same seed (splitmix64).
class SeededRandom final : public Random {
  public:
    explicit SeededRandom(uint64_t seed = 1) : state_(seed) {}
    uint64_t next() override {
        uint64_t z = (state_ += 0x9e3779b97f4a7c15);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
        z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
        return z ^ (z >> 31);
    }

  private:
    uint64_t state_;
};

}  // namespace orilla::test

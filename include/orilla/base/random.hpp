// Randomness as a port: a seed replays a simulation byte for byte.
#pragma once

#include <cstdint>
#include <string>

namespace orilla {

class Random {
  public:
    virtual ~Random() = default;
    virtual uint64_t next() = 0;
    /// Uniform in [0, bound); bound > 0.
    uint64_t below(uint64_t bound) { return next() % bound; }
    /// `length` characters of Kubernetes' safe alphabet (no vowels, nothing that looks alike), for generateName.
    std::string name_suffix(int length = 5);
    /// RFC 4122 version 4, lower case with dashes.
    std::string uuid();
};

/// getrandom(2), in blocks.
class SystemRandom final : public Random {
  public:
    uint64_t next() override;

  private:
    uint64_t block_[32];
    unsigned left_ = 0;
};

}  // namespace orilla

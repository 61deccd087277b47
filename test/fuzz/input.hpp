// Splits a fuzzer's bytes into the parts that a parser takes.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace orilla::fuzz {

class Input {
  public:
    Input(const uint8_t* data, size_t size) : left_(reinterpret_cast<const char*>(data), size) {}
    /// Up to the next zero byte.
    std::string_view line() {
        size_t end = left_.find('\0');
        std::string_view part = left_.substr(0, end);
        left_.remove_prefix(end == left_.npos ? left_.size() : end + 1);
        return part;
    }
    std::string_view rest() { return left_; }

  private:
    std::string_view left_;
};

}  // namespace orilla::fuzz

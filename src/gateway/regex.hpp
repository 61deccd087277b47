// Regular expressions of routes, RE2's common part: literals, ".", classes, \d \w \s, groups, "|", "*" "+" "?" "{2,5}", "^"
// "$",
// "(?i)" in front. The whole text has to fit. All states are followed at once, so a text costs at most its length times the
// states of the expression: nobody can write a request that takes long. What this is not (back references, look-around, word
// boundaries, Unicode classes) is refused with its name. Bytes, not characters: in paths everything else is escaped anyway.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::gateway {

constexpr size_t regex_bytes_max = 1024;
constexpr size_t regex_states_max = 512;
constexpr int regex_depth_max = 32;
/// A longer text does not fit: one of these takes at most a few ms.
constexpr size_t regex_text_bytes_max = 4096;

class Regex {
  public:
    /// invalid, with what is wrong with it.
    static Result<Regex> parse(std::string_view pattern);
    bool fits(std::string_view text) const;

  private:
    friend class RegexParser;
    friend class RegexEmitter;
    using Bytes = std::bitset<256>;
    struct State {
        enum class Type : uint8_t { bytes, either, begin, end, fits } type = Type::fits;
        uint16_t next = 0;
        uint16_t other = 0;  ///< either: the second way; bytes: which set
    };
    class Places;

    Regex() = default;
    std::vector<State> states_;
    std::vector<Bytes> sets_;
};

}  // namespace orilla::gateway

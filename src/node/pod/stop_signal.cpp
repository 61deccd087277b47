#include "pod/stop_signal.hpp"

#include <signal.h>

#include <algorithm>
#include <charconv>
#include <cstring>
#include <string>
#include <utility>

namespace orilla::node {
namespace {
/// 0 to 64; -1 for anything else, the empty text too.
int parse_signal_number(std::string_view digits) {
    int number = -1;
    const auto [end, failed] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
    return failed == std::errc() && end == digits.data() + digits.size() && number <= SIGRTMAX ? number : -1;
}

/// RTMIN, RTMIN+3, RTMAX-1, RTMAX (signal(7)); 0 for anything else.
int parse_real_time_signal(std::string_view text) {
    if (text == "RTMIN") return SIGRTMIN;
    if (text == "RTMAX") return SIGRTMAX;
    const bool from_low = text.starts_with("RTMIN+");
    if (!from_low && !text.starts_with("RTMAX-")) return 0;
    const int distance = parse_signal_number(text.substr(6));
    if (distance < 0 || distance > SIGRTMAX - SIGRTMIN) return 0;
    return from_low ? SIGRTMIN + distance : SIGRTMAX - distance;
}
}  // namespace

int parse_stop_signal(std::string_view given) {
    std::string upper(given);
    std::ranges::transform(upper, upper.begin(), [](unsigned char c) { return static_cast<char>(toupper(c)); });
    std::string_view text = upper;
    if (const int number = parse_signal_number(text); number > 0) return number;
    if (text.starts_with("SIG")) text.remove_prefix(3);
    constexpr std::pair<std::string_view, int> second_names[] = {{"IOT", SIGABRT}, {"CLD", SIGCHLD}, {"IO", SIGIO}};
    for (const auto& [name, number] : second_names)
        if (text == name) return number;
    for (int number = 1; number < 32; ++number) {
        const char* name = sigabbrev_np(number);
        if (name && text == name) return number;
    }
    const int number = parse_real_time_signal(text);
    return number != 0 ? number : SIGTERM;
}

}  // namespace orilla::node

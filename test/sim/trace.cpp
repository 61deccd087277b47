#include "trace.hpp"

#include <cstdio>

namespace orilla::sim {
namespace {
constexpr size_t tail_lines_max = 60;
constexpr size_t failures_max = 20;
}  // namespace

void Trace::mix(std::string_view bytes) {
    for (unsigned char c : bytes) hash_ = (hash_ ^ c) * 1099511628211U;  // FNV-1a
}

void Trace::add(const std::string& line) {
    char stamp[32];
    snprintf(stamp, sizeof stamp, "%11.3f ", static_cast<double>(clock_.monotonic_ms()) / 1000);
    tail_.push_back(stamp + line);
    if (tail_.size() > tail_lines_max) tail_.pop_front();
    ++lines_;
    mix(tail_.back());
    if (print_) printf("%s\n", tail_.back().c_str());
}

void Trace::fail(const std::string& what) {
    add("BROKEN: " + what);
    if (failures_.size() < failures_max) failures_.push_back(what);
}

}  // namespace orilla::sim

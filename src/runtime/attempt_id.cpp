#include <fmt/core.h>
#include <charconv>

#include "orilla/runtime/pod_runtime.hpp"

namespace orilla::runtime {

std::string attempt_id(std::string_view name, int attempt) { return fmt::format("{}-{}", name, attempt); }

int attempt_of(std::string_view id) {
    const size_t dash = id.rfind('-');
    int attempt = 0;
    if (dash == std::string_view::npos) return 0;
    const auto read = std::from_chars(id.data() + dash + 1, id.data() + id.size(), attempt);
    return read.ec == std::errc() && read.ptr == id.data() + id.size() && attempt > 0 ? attempt : 0;
}

}  // namespace orilla::runtime

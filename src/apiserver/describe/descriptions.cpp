#include "describe/descriptions.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <string>

namespace orilla::apiserver {

std::string_view describe_type(std::string_view key) {
    const auto all = all_descriptions();
    const auto found = std::ranges::lower_bound(all, key, {}, &Description::key);
    return found != all.end() && found->key() == key ? found->text() : std::string_view();
}

std::string_view describe_field(std::string_view type, std::string_view field) {
    const std::string_view own = describe_type(fmt::format("{}.{}", type, field));
    return own.empty() ? describe_type("*." + std::string(field)) : own;
}

}  // namespace orilla::apiserver

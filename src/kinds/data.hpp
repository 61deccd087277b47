// What ConfigMaps and Secrets share: keys, size, and what `immutable` forbids.
#pragma once

#include "orilla/kinds/kind_rules.hpp"

namespace orilla::api {

inline constexpr size_t data_bytes_max = 1024 * 1024;

template <class T>
void check_frozen(const T& updated, const T& old, FieldErrors& errors) {
    constexpr std::string_view rule = "field is immutable when `immutable` is set";
    if (!old.immutable.value_or(false)) return;
    if (!updated.immutable.value_or(false)) errors.forbidden(Path("immutable"), rule);
    if (!(updated.data == old.data)) errors.forbidden(Path("data"), rule);
}

}  // namespace orilla::api

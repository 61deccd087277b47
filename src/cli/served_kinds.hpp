// The kinds that are served.
#pragma once

#include "orilla/kinds/registry.hpp"

namespace orilla::cli {

inline const api::KindRegistry& served_kinds() {
    static const api::KindRegistry all;
    return all;
}

}  // namespace orilla::cli

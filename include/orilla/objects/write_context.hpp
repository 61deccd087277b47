// What goes along with every write: in whose name it is done, and what its writer is to be told.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orilla/objects/identity.hpp"

namespace orilla::objects {

/// What a writer should know of a write that went well.
using Warnings = std::vector<std::string>;

/// The one of this program's own controllers and node.
const Identity& own_identity();
inline constexpr std::string_view own_manager = "orilla";

/// A view, cheap to copy: what it points to outlives the write.
struct WriteContext {
    const Identity* identity = &own_identity();
    std::string_view manager = own_manager;  ///< the field manager
    bool dry_run = false;                    ///< everything but storing
    Warnings* warnings = nullptr;            ///< null: nobody hears them

    void warn(std::string text) const {
        if (warnings) warnings->push_back(std::move(text));
    }
};

}  // namespace orilla::objects

// What goes along with every write: in whose name it is done, and what its writer is to be told.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orilla/objects/identity.hpp"

namespace orilla::objects {

/// Which part of an object a write may change; everything else is kept as stored.
enum class Part : uint8_t {
    main,      ///< all but status
    status,    ///< status, and labels, annotations and finalizers; soft when only status changed
    finalize,  ///< a Namespace's spec.finalizers
    resize,    ///< what a Pod's containers ask for
};

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
    /// Through which subresource it came: "scale", "eviction". Empty: that of the part, or the object itself.
    std::string_view subresource = {};

    void warn(std::string text) const {
        if (warnings) warnings->push_back(std::move(text));
    }
};

}  // namespace orilla::objects

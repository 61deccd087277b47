// Kinds of which several versions are served. All objects of a kind are stored in one of them, and whoever writes or reads
// through another one has them converted: what is not the API server's never sees the others.
#pragma once

#include "orilla/kinds/object.hpp"

namespace orilla::api {

/// The one in which objects of the kind are stored: mostly itself.
const KindInfo& stored_version(const KindInfo& kind);
inline bool is_converted(const KindInfo& kind) { return &stored_version(kind) != &kind; }
/// The same object as it is stored.
Object to_stored(Object object);
/// A stored object in another version.
Object to_version(const Object& stored, const KindInfo& wanted);

}  // namespace orilla::api

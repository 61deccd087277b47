// Objects of served kinds out of manifests.
#pragma once

#include "orilla/kinds/object.hpp"
#include "orilla/kinds/registry.hpp"
#include "orilla/schema/manifest.hpp"

namespace orilla::api {

/// The typed object; unknown and duplicate fields are errors. All errors are located.
Result<Object> decode_manifest(const KindRegistry& kinds, const ManifestDocument& document);
Result<Object> decode_manifest(const KindInfo& kind, const ManifestDocument& document);

}  // namespace orilla::api

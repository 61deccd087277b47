#include "orilla/kinds/manifest.hpp"

#include "orilla/kinds/codec.hpp"

namespace orilla::api {

Result<Object> decode_manifest(const KindRegistry& kinds, const ManifestDocument& document) {
    DecodeReport report;
    auto object = decode_object(kinds, document.json, &report);
    if (!object) return document.located(object.error());
    TRY_VOID(document.check_fields(report));
    return object;
}

}  // namespace orilla::api

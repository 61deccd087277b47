#include "orilla/kinds/manifest.hpp"

#include "orilla/kinds/codec.hpp"

namespace orilla::api {

namespace {
template <class Kinds>  // one kind, or all of them
Result<Object> decode_located(const Kinds& kinds, const ManifestDocument& document) {
    DecodeReport report;
    auto object = decode_object(kinds, document.json, &report);
    if (!object) return document.located(object.error());
    TRY_VOID(document.check_fields(report));
    return object;
}
}  // namespace

Result<Object> decode_manifest(const KindRegistry& kinds, const ManifestDocument& document) {
    return decode_located(kinds, document);
}
Result<Object> decode_manifest(const KindInfo& kind, const ManifestDocument& document) {
    return decode_located(kind, document);
}

}  // namespace orilla::api

#include "orilla/api/manifest.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::api;
    auto documents = read_manifest({reinterpret_cast<const char*>(data), size}, "fuzz.yaml");
    if (!documents) return 0;
    for (const ManifestDocument& document : *documents) (void)decode_manifest(document);
    return 0;
}

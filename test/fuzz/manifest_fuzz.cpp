// Any bytes as a manifest: reading must end with documents of valid JSON or an error, and every YAML we print must read
// back as the same JSON.
#include <cstdlib>

#include "../support/kinds.hpp"
#include "orilla/kinds/manifest.hpp"
#include "orilla/schema/yaml.hpp"

using namespace orilla::api;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    std::string_view text(reinterpret_cast<const char*>(data), size);
    (void)read_manifest(text, "fuzz");
    auto documents = read_documents(text, "fuzz");
    if (!documents) return 0;
    for (const ManifestDocument& document : *documents) {
        (void)decode_manifest(orilla::test::builtin(), document);
        auto yaml = render_yaml(document.json);
        if (!yaml) continue;
        auto back = read_documents(*yaml, "again");
        if (!back || back->size() > 1) std::abort();
        if (back->empty()) continue;
        auto twice = render_yaml(back->front().json);
        if (!twice || *twice != *yaml) std::abort();
    }
    return 0;
}

#include "input.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/schema/patch.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::api;
    orilla::fuzz::Input input(data, size);
    std::string_view document = input.line();
    std::string_view patch = input.line();
    (void)apply_json_patch(document, patch);
    (void)apply_merge_patch(document, patch);
    (void)apply_strategic_patch(document, patch, type_info<Deployment>());
    auto made = make_three_way_patch(input.rest(), patch, document, type_info<Deployment>());
    if (made) (void)apply_strategic_patch(document, *made, type_info<Deployment>());
    return 0;
}

#include "input.hpp"
#include "orilla/schema/jsonpath.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    orilla::fuzz::Input input(data, size);
    std::string_view text = input.line();
    (void)orilla::api::render_jsonpath(text, input.rest());
    (void)orilla::api::render_jsonpath(text, R"({"items":[{"a":{"b":[1,2,"x"]}},{"a":null,"c":true}],"kind":"List"})");
    return 0;
}

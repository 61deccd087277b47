// What the API does with a request body before it is stored, and printing it back.
#include <cassert>

#include "../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/table.hpp"
#include "orilla/kinds/validation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::api;
    const std::string_view text(reinterpret_cast<const char*>(data), size);
    auto object = decode_object(orilla::test::builtin(), text);
    if (!object) return 0;
    // In portions it is the same.
    GradualObject decoder(object->kind(), text, nullptr);
    auto done = decoder.advance(size % 16 + 1);
    while (done && !*done) done = decoder.advance(size % 16 + 1);
    assert(done && *decoder.take() == *object);
    apply_defaults(*object);
    (void)validate_create(*object);
    (void)validate_update(*object, *object);
    (void)render_row(*object, 1'700'000'000);
    auto again = decode_object(orilla::test::builtin(), encode(*object));
    assert(again && *again == *object);
    return 0;
}

// What the API does with a request body before it is stored, and printing it back.
#include <cassert>

#include "orilla/api/codec.hpp"
#include "orilla/api/defaults.hpp"
#include "orilla/api/table.hpp"
#include "orilla/api/validation.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::api;
    auto object = decode_object({reinterpret_cast<const char*>(data), size});
    if (!object) return 0;
    apply_defaults(*object);
    (void)validate_create(*object);
    (void)validate_update(*object, *object);
    (void)render_row(*object, 1'700'000'000);
    auto again = decode_object(encode(*object));
    assert(again && *again == *object);
    return 0;
}

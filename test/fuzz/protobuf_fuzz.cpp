#include "../support/kinds.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/protobuf.hpp"
#include "orilla/kinds/types.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::api;
    std::string_view bytes(reinterpret_cast<const char*>(data), size);
    (void)protobuf_to_json(orilla::test::builtin(), bytes);
    Pod pod;
    (void)decode_protobuf_into(type_info<Pod>(), &pod, bytes);
    Service service;
    if (decode_protobuf_into(type_info<Service>(), &service, bytes)) (void)encode(service);
    return 0;
}

#include "orilla/objects/store_options.hpp"

namespace orilla::objects {

store::StoreOptions store_options(const api::KindRegistry& kinds) {
    store::StoreOptions options;
    options.payload_resources = api::resources_with(kinds, api::Payload::file);
    options.passing_resources = api::resources_with(kinds, api::Payload::passing);
    return options;
}

}  // namespace orilla::objects

#include "orilla/objects/store_options.hpp"

#include "orilla/kinds/object.hpp"

namespace orilla::objects {

store::StoreOptions store_options() {
    store::StoreOptions options;
    // Everything that reconciles reads the others synchronously.
    for (const api::KindInfo* kind : {&api::kind_of<api::ConfigMap>(), &api::kind_of<api::Secret>()}) options.payload_resources.emplace(kind->resource);
    options.passing_resources.emplace(api::kind_of<api::Event>().resource);
    return options;
}

}  // namespace orilla::objects

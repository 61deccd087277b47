// What a store is told of the kinds that there are: it knows bytes alone.
#pragma once

#include "orilla/kinds/registry.hpp"
#include "orilla/store/sqlite_store.hpp"

namespace orilla::objects {

/// Which may stay in the file, and which come and go in numbers.
store::StoreOptions store_options(const api::KindRegistry& kinds);

}  // namespace orilla::objects

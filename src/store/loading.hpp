// What the file holds, brought into memory when the store is opened.
#pragma once

#include "index.hpp"
#include "orilla/store/sqlite_store.hpp"
#include "store_file.hpp"

namespace orilla::store {

struct Loaded {
    uint64_t reserved = 0;  ///< revisions up to here may have been given away
    uint64_t revision = 0;  ///< nothing has a later one
    int64_t last_row = 0;   ///< the highest number of a row
};

/// Fills an index that is new.
Result<Loaded> load_index(Index& index, StoreFile& file, const StoreOptions& options);

}  // namespace orilla::store

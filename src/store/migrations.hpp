// Brings a store's file to the schema that this program knows: numbered steps of SQL, all in one transaction, so that a
// power cut leaves either the old schema or the new one. Refuses files of a newer program and files that are not ours.
#pragma once

#include <span>
#include <string_view>

#include "sqlite.hpp"

namespace orilla::store {

struct Migration {
    int version;            ///< the schema version after it; 1, 2, 3 ...
    std::string_view name;  ///< of its file
    std::string_view sql;
};

/// The steps of src/store/schema, embedded at build time.
std::span<const Migration> store_migrations();

Result<void> migrate(Database& database, std::span<const Migration> migrations);

}  // namespace orilla::store

// The tables of the leaves, for the generated tables to point at.
#pragma once

#include "orilla/api/type_info.hpp"

namespace orilla::api::tables {

extern const TypeInfo leaf_boolean, leaf_int32, leaf_int64, leaf_number, leaf_string, leaf_bytes, leaf_quantity,
    leaf_int_or_string, leaf_time, leaf_micro_time, leaf_raw;

}  // namespace orilla::api::tables

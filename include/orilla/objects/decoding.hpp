// Decoding of large documents without holding up the loop: a portion a turn. Small ones are decoded at once.
#pragma once

#include <string_view>

#include "orilla/objects/objects.hpp"
#include "orilla/schema/codec.hpp"

namespace orilla::objects {

constexpr size_t decoded_per_turn_bytes_max = size_t{64} << 10;

/// `text` and `report`, which may be null, outlive the task.
loop::Task<Result<api::Object>> decode_in_turns(loop::Loop& loop, const api::KindInfo& kind, std::string_view text,
                                                api::DecodeReport* report);

/// What Objects::decode gives, and the same errors.
loop::Task<Result<ObjectPtr>> decode_entry(Objects& objects, loop::Loop& loop, const api::KindInfo& kind,
                                           store::EntryPtr entry);

}  // namespace orilla::objects

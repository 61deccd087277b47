#include "orilla/objects/decoding.hpp"

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/versions.hpp"

namespace orilla::objects {

loop::Task<Result<api::Object>> decode_in_turns(loop::Loop& loop, const api::KindInfo& kind, std::string_view text,
                                                api::DecodeReport* report) {
    if (text.size() <= decoded_per_turn_bytes_max) co_return api::decode_object(kind, text, report);
    api::GradualObject decoder(kind, text, report);
    for (;;) {
        const Result<bool> done = decoder.advance(decoded_per_turn_bytes_max);
        if (!done) co_return done.error();
        // Also before whoever asked goes on: the whole object is much work, too.
        co_await loop.yield();
        if (done.value()) co_return decoder.take();
    }
}

loop::Task<Result<ObjectPtr>> decode_entry(Objects& objects, loop::Loop& loop, const api::KindInfo& kind,
                                           store::EntryPtr entry) {
    const bool is_small = entry->size <= decoded_per_turn_bytes_max;
    if (is_small || !entry->json || api::is_converted(kind)) co_return objects.decode(kind, entry);
    AWAIT(auto object, decode_in_turns(loop, kind, *entry->json, nullptr));
    // What cannot be read goes the usual way, which has the words for it.
    if (!object) co_return objects.decode(kind, entry);
    co_return std::make_shared<const api::Object>(std::move(*object));
}

}  // namespace orilla::objects

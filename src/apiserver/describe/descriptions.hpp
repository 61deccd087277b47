// What `explain` says: the sentences of descriptions.txt, embedded at build time.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace orilla::apiserver {

/// Two places in one text, as hundreds of views would be a third of the whole.
struct Description {
    uint32_t key_at, text_at;
    std::string_view key() const;  ///< "Pod", "PodSpec.containers", "*.metadata"
    std::string_view text() const;
};
/// Sorted by key.
std::span<const Description> all_descriptions();

/// Of a type, or of one of its fields; empty when there is nothing to say.
std::string_view describe_type(std::string_view type);
std::string_view describe_field(std::string_view type, std::string_view field);

}  // namespace orilla::apiserver

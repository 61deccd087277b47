// Large values stay in the store's file and are read when somebody asks. Here whoever asks for the same one at the same
// time is sent the same copy: two hundred slow readers of a megabyte cost one megabyte. Keeps nothing alive itself.
#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "orilla/store/entry.hpp"

namespace orilla::apiserver {

/// Texts up to this size are copied into the answer; larger ones are sent from where they are.
constexpr size_t copied_text_bytes_max = 16 * 1024;

class SharedTexts {
  public:
    /// `whole`, or another entry of the same object and revision with a text that is in use already.
    store::EntryPtr share(store::EntryPtr whole);

  private:
    struct Text {
        uint64_t revision = 0;
        std::weak_ptr<const std::string> json;
    };
    static constexpr size_t remembered_max = 64;  ///< then those that nobody uses any more are forgotten
    std::unordered_map<store::Key, Text, store::KeyHash> texts_;
};

}  // namespace orilla::apiserver

#include "stream/shared_texts.hpp"

namespace orilla::apiserver {

store::EntryPtr SharedTexts::share(store::EntryPtr whole) {
    if (whole->size <= copied_text_bytes_max) return whole;
    if (texts_.size() >= remembered_max) std::erase_if(texts_, [](const auto& text) { return text.second.json.expired(); });
    Text& text = texts_[whole->key];
    auto used = text.revision == whole->revision ? text.json.lock() : nullptr;
    if (!used) {
        text = {whole->revision, whole->json};
        return whole;
    }
    auto shared = std::make_shared<store::Entry>(*whole);
    shared->json = std::move(used);
    return shared;
}

}  // namespace orilla::apiserver

// Which class is meant where none is named.
#pragma once

namespace orilla::api {

/// The newest of the default classes, by name among those of one second; null when there is none.
template <class Classes>
auto choose_default_class(const Classes& classes) {
    decltype(classes.begin()->get()) chosen = nullptr;
    for (const auto& one : classes) {
        if (!is_default_class(*one) || one->metadata.deletion_timestamp) continue;
        const auto &made = one->metadata.creation_timestamp, &before = chosen ? chosen->metadata.creation_timestamp : made;
        if (!chosen || made > before || (made == before && one->metadata.name.view() < chosen->metadata.name.view()))
            chosen = one.get();
    }
    return chosen;
}

}  // namespace orilla::api

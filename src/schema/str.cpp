#include <algorithm>
#include <array>
#include <new>

#include "orilla/base/heap.hpp"
#include "orilla/schema/containers.hpp"

namespace orilla::api {
namespace {
constexpr size_t interned_bytes_max = 40;  // longer strings are rarely equal to another
constexpr size_t intern_slots = 512;       // a power of two; each holds one string, so at most 30 KB stay
std::array<Str, intern_slots> interned_texts;

/// Only spreads: a collision costs a copy, nothing else.
size_t slot_of(std::string_view text) {
    uint64_t head = 0, tail = 0;
    std::memcpy(&head, text.data(), std::min(text.size(), sizeof head));
    size_t back = std::min(text.size(), sizeof tail);
    std::memcpy(&tail, text.data() + text.size() - back, back);
    uint64_t mixed = (head ^ (tail * 0x9e3779b97f4a7c15u) ^ text.size()) * 0xff51afd7ed558ccdu;
    return static_cast<size_t>(mixed >> 40) & (intern_slots - 1);
}
}  // namespace

Str::Rep* Str::make(std::string_view text) {
    if (text.empty()) return nullptr;
    auto* rep = static_cast<Rep*>(heap::allocate(sizeof(Rep) + text.size(), heap::Group::decoded));
    if (rep == nullptr) throw std::bad_alloc();
    rep->references = 1;
    rep->size = static_cast<uint32_t>(text.size());
    std::memcpy(rep + 1, text.data(), text.size());
    return rep;
}

Str::Rep* Str::make_empty() {
    static Rep empty{1, 0};  // its own reference keeps it from release()
    ++empty.references;
    return &empty;
}

void Str::release(Rep* rep) noexcept { heap::free(rep); }

Str Str::intern(std::string_view text) {
    if (text.empty() || text.size() > interned_bytes_max) return Str(text);
    Str& slot = interned_texts[slot_of(text)];
    if (slot.view() != text) slot = Str(text);
    return slot;
}

void Str::forget_interned() { interned_texts.fill(Str()); }

}  // namespace orilla::api

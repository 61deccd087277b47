#include <array>
#include <cstdlib>
#include <functional>
#include <new>

#include "orilla/api/containers.hpp"

namespace orilla::api {
namespace {
constexpr size_t interned_bytes_max = 40;  // longer strings are rarely equal to another
constexpr size_t intern_slots = 512;       // a power of two; each holds one string, so at most 30 KB stay
}  // namespace

Str::Rep* Str::make(std::string_view text) {
    if (text.empty()) return nullptr;
    auto* rep = static_cast<Rep*>(std::malloc(sizeof(Rep) + text.size()));
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

void Str::release(Rep* rep) noexcept { std::free(rep); }

Str Str::intern(std::string_view text) {
    if (text.empty() || text.size() > interned_bytes_max) return Str(text);
    static std::array<Str, intern_slots> slots;
    Str& slot = slots[std::hash<std::string_view>()(text) & (intern_slots - 1)];
    if (slot.view() != text) slot = Str(text);
    return slot;
}

}  // namespace orilla::api

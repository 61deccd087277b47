#include "orilla/objects/housekeeper.hpp"

#include "orilla/base/heap.hpp"
#include "orilla/base/program_pages.hpp"

namespace orilla::objects {
namespace {
/// After pods have changed; by then others may have with them.
constexpr int64_t tidy_delay_ms = 2'000;
/// After tidying; by then its changes are told, and what a busy time used may be let go of.
constexpr int64_t give_back_delay_ms = 6'000;
}  // namespace

Housekeeper::Housekeeper(loop::Loop& loop, store::Store& store, Objects& objects, EventRecorder& events)
    : loop_(loop),
      store_(store),
      objects_(objects),
      events_(events),
      tidy_(loop),
      give_back_(loop),
      pods_(objects, api::kind_of<api::Pod>(), [this](const store::WatchEvent&) { give_back_later(); }),
      scope_(loop) {}

void Housekeeper::start() {
    pods_.start();
    give_back_later();
}

void Housekeeper::give_back_later() {
    if (tidy_.armed()) return;
    tidy_.arm_after(tidy_delay_ms, [this] {
        events_.tidy();
        objects_.age_decoded();
        give_back_.arm_after(give_back_delay_ms, [this] { scope_.spawn(give_back()); });
    });
}

loop::Task<void> Housekeeper::give_back() {
    objects_.age_decoded();
    api::Str::forget_interned();
    AWAIT_VOID(store_.give_back());
    for (size_t part = heap::give_back_part(0); part != 0;) {
        co_await loop_.breathe();
        part = heap::give_back_part(part);
    }
    let_go_of_program_pages();
}

}  // namespace orilla::objects

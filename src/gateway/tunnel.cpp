#include "tunnel.hpp"

#include <algorithm>
#include <string>

#include "orilla/loop/timeout.hpp"

namespace orilla::gateway {

namespace {
/// What an idle tunnel holds for each direction; a busy one takes more.
constexpr size_t idle_bytes = 1024, busy_bytes = 64 * 1024;
/// After one side has ended, for the other one to say its last words.
constexpr int64_t last_words_ms_max = 30'000;

loop::Task<void> pump(http::Duplex& from, http::Duplex& to) {
    std::string buffer(idle_bytes, '\0');
    for (;;) {
        AWAIT(const auto got, from.read(buffer.data(), buffer.size()));
        if (!got || *got == 0) break;
        const bool is_full = *got == buffer.size();
        AWAIT(const auto written, to.write(std::string_view(buffer.data(), *got)));
        if (!written) co_return;
        if (is_full && buffer.size() < busy_bytes) buffer.resize(buffer.size() * 4);
        else if (*got <= idle_bytes && buffer.size() > idle_bytes) std::string(idle_bytes, '\0').swap(buffer);
    }
    to.end_writing();
}

loop::Task<void> pump_and_tell(http::Duplex& from, http::Duplex& to, int* running, loop::Event* ended) {
    AWAIT_VOID(pump(from, to));
    --*running;
    ended->notify_all();
}
}  // namespace

loop::Task<void> carry(loop::Loop& loop, http::Duplex& client, http::Duplex& backend) {
    int running = 2;
    loop::Event ended(loop);
    loop::Scope scope(loop);
    scope.spawn(pump_and_tell(client, backend, &running, &ended));
    scope.spawn(pump_and_tell(backend, client, &running, &ended));
    while (running == 2) co_await ended.wait();
    if (running == 1) AWAIT_VOID(loop::wait_for(loop, ended, last_words_ms_max));
}

}  // namespace orilla::gateway

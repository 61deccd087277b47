#include "orilla/loop/signals.hpp"

#include <signal.h>
#include <sys/signalfd.h>
#include <unistd.h>

namespace orilla::loop {
namespace {
int open_signalfd(std::initializer_list<int> numbers) {
    sigset_t set;
    sigemptyset(&set);
    for (int number : numbers) sigaddset(&set, number);
    sigprocmask(SIG_BLOCK, &set, nullptr);
    return signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
}
}  // namespace

Signals::Signals(Loop& loop, std::initializer_list<int> numbers) : fd_(open_signalfd(numbers)), watch_(loop, fd_.get()) {}

Task<int> Signals::next() {
    signalfd_siginfo info{};
    while (read(fd_.get(), &info, sizeof info) != sizeof info) co_await watch_.readable();
    co_return static_cast<int>(info.ssi_signo);
}

}  // namespace orilla::loop

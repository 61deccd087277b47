// Signals as events of the loop: the given ones are blocked and arrive through one signalfd.
#pragma once

#include <initializer_list>

#include "orilla/loop/loop.hpp"

namespace orilla::loop {

class Signals {
  public:
    Signals(Loop& loop, std::initializer_list<int> numbers);
    /// The next signal's number.
    Task<int> next();

  private:
    UniqueFd fd_;
    FdWatch watch_;
};

}  // namespace orilla::loop

// What goes wrong, drawn by seed: the weather of the fakes, containers that end, supervisors that die, clocks that jump.
// Crashes are the driver's.
#pragma once

#include "disk.hpp"
#include "host.hpp"

namespace orilla::sim {

class Faults {
  public:
    Faults(Random& random, Trace& trace, Host& host, Weather& weather, test::FakeClock& clock)
        : random_(random), trace_(trace), host_(host), weather_(weather), clock_(clock) {}

    /// One thing happens.
    void strike();
    /// Everything works again; what is broken stays broken until somebody mends it.
    void clear();

  private:
    void change_weather();
    void strike_container();
    void jump_clock();
    HostContainer* draw_container(std::string* uid);
    bool chance(int percent) { return static_cast<int>(random_.below(100)) < percent; }
    Random& random_;
    Trace& trace_;
    Host& host_;
    Weather& weather_;
    test::FakeClock& clock_;
    int64_t wall_offset_s_ = 1'700'000'000;
};

}  // namespace orilla::sim

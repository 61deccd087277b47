// The tracked connections of pods that have gone. To find them the kernel walks its whole table, which takes as long as a
// pod's start where the table is large: so it is asked once for all that go in a while, and an address stays taken until then.
#pragma once

#include <optional>
#include <vector>

#include "links/lease.hpp"
#include "orilla/loop/io_thread.hpp"

namespace orilla::network {

class FlowSweep {
  public:
    static constexpr int64_t gather_ms = 500;

    FlowSweep(loop::Loop& loop, loop::Executor& executor) : loop_(loop), executor_(executor), swept_(loop), scope_(loop) {}
    /// `lease` is none for an address outside of today's range.
    void add(Ipv4 ip, std::optional<Lease> lease);
    /// For the start: what an earlier daemon had no time for. At once, and before any other job that is given later.
    void sweep_unused(Cidr range, std::vector<Ipv4> used);
    /// Addresses are waiting, and will be free.
    bool busy() const { return !gone_.empty() || running_; }
    /// Until some of them are.
    loop::Task<void> wait();

  private:
    struct Gone {
        Ipv4 ip;
        std::optional<Lease> lease;
    };
    loop::Task<void> run();
    loop::Task<void> run_unused(Cidr range, std::vector<Ipv4> used);
    loop::Loop& loop_;
    loop::Executor& executor_;
    std::vector<Gone> gone_;
    bool running_ = false;
    loop::Event swept_;
    loop::Scope scope_;
};

}  // namespace orilla::network

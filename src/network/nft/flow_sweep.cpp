#include "nft/flow_sweep.hpp"

#include <fmt/core.h>
#include <utility>

#include "netlink/conntrack.hpp"
#include "orilla/base/log.hpp"

namespace orilla::network {

void FlowSweep::add(Ipv4 ip, std::optional<Lease> lease) {
    gone_.push_back({ip, std::move(lease)});
    if (running_) return;
    running_ = true;
    scope_.spawn(run());
}

void FlowSweep::sweep_unused(Cidr range, std::vector<Ipv4> used) { scope_.spawn(run_unused(range, std::move(used))); }

loop::Task<void> FlowSweep::run_unused(Cidr range, std::vector<Ipv4> used) {
    auto task = loop::run_on(executor_, loop_, [range, used] { return forget_flows_but_of(range, used); });
    auto forgotten = co_await std::move(task);
    if (!forgotten) log::debug("connections of pods that are gone: " + forgotten.error().message());
}

loop::Task<void> FlowSweep::wait() {
    if (busy()) co_await swept_.wait();
}

loop::Task<void> FlowSweep::run() {
    while (!gone_.empty()) {
        auto pause = loop_.sleep_for(gather_ms);
        co_await pause;
        std::vector<Gone> sweeping = std::exchange(gone_, {});
        std::vector<Ipv4> ips;
        for (const Gone& gone : sweeping) ips.push_back(gone.ip);
        auto task = loop::run_on(executor_, loop_, [ips] { return forget_flows_of(ips); });
        auto forgotten = co_await std::move(task);
        if (!forgotten)
            log::debug(
                fmt::format("connections of {} and {} more: {}", ips[0].text(), ips.size() - 1, forgotten.error().message()));
        sweeping.clear();  // the addresses are free
        swept_.notify_all();
    }
    running_ = false;
}

}  // namespace orilla::network

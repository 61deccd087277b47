// A node for network tests, inside a net box: its loop, its pods, and a host outside that is joined by a LAN.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>

#include "await.hpp"
#include "net_box.hpp"
#include "orilla/base/clock.hpp"
#include "orilla/network/links.hpp"

namespace orilla::test {

inline network::LinksConfig links_config(int pool_size) {
    network::LinksConfig config;
    config.pod_cidr = *parse_cidr("10.42.0.0/24");
    config.service_cidr = *parse_cidr("10.43.0.0/16");
    config.netns_dir = "/run/orilla-test/netns";
    config.pool_size = pool_size;
    return config;
}

/// A daemon's loop with its links. Destroying it is a daemon's end: pods and bridge stay.
struct NetNode {
    SystemClock clock;
    loop::Loop loop{clock};
    loop::IoThread thread{loop};
    std::unique_ptr<network::Links> links;

    explicit NetNode(const network::LinksConfig& config = links_config(0)) {
        auto opened = network::Links::open(loop, thread, config);
        if (!opened) throw std::runtime_error(opened.error().message());
        links = std::move(*opened);
    }

    template <class T>
    T wait(loop::Task<T> task) {
        return test::await(loop, std::move(task));
    }
    network::PodLink pod(const std::string& name) {
        auto link = wait(links->attach(name));
        if (!link) throw std::runtime_error(link.error().message());
        return *link;
    }
    void run_for(int ms) {
        loop::Timer timer(loop);
        bool over = false;
        timer.arm_after(ms, [&over] { over = true; });
        while (!over) loop.turn(true);
    }
};

/// Removes bridge and pods at a test's end.
struct NetCleanUp {
    ~NetCleanUp() { (void)network::remove_links(links_config(0)); }
};

/// A host on a LAN with the node: the node is 192.168.77.1, the host 192.168.77.2.
struct OutsideHost {
    const std::string netns = "/run/netns/outside";
    OutsideHost() {
        if (sh("ip netns add outside && ip link add lan0 type veth peer name lan1 netns outside && "
               "ip addr add 192.168.77.1/24 dev lan0 && ip link set lan0 up && ip route add default via 192.168.77.2 && "
               "nsenter --net=/run/netns/outside sh -c 'ip addr add 192.168.77.2/24 dev lan1 && ip link set lan1 up && "
               "ip link set lo up'") != 0)
            throw std::runtime_error("cannot make the outside host");
    }
    OutsideHost(const OutsideHost&) = delete;
    ~OutsideHost() { sh("ip link del lan0; ip netns del outside"); }
};

}  // namespace orilla::test

// The box below the daemon: what goes on when the daemon dies. Containers run and end by themselves here, addresses and
// cgroups are taken, images lie on the disk. Every change that an invariant speaks of passes through here, and is checked.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "../support/fake_volume_disk.hpp"
#include "../support/object_world.hpp"
#include "orilla/network/service_rules.hpp"
#include "orilla/runtime/pod_runtime.hpp"
#include "trace.hpp"
#include "weather.hpp"

namespace orilla::sim {

/// One attempt of a container. What it does is in its image's name: see Host::begin_life.
struct HostContainer {
    explicit HostContainer(loop::Loop& loop) : life(loop), warm_up(loop) {}
    runtime::ContainerState state;
    std::string image;
    int64_t started_ms = 0;
    int64_t ended_ms = 0;
    int64_t used_ns = 0;        ///< of cpu, up to ...
    int64_t accounted_ms = 0;   ///< ... then
    bool ready = false;         ///< what its readiness probe hears
    bool healthy = true;        ///< what its liveness probe hears
    int liveness_failures = 0;  ///< that it has heard in a row
    bool asked_to_stop = false;
    loop::Timer life, warm_up;
    bool runs() const { return state.phase != runtime::ContainerPhase::exited; }
};

struct HostPod {
    bool alive = false;  ///< its supervisor runs
    std::vector<std::unique_ptr<HostContainer>> containers;
    /// The newest of that name.
    HostContainer* find(const std::string& name);
    HostContainer* find_attempt(const std::string& id);
};

/// An image's only layer here is its name.
inline const std::string& image_of(const runtime::ContainerSpec& spec) { return spec.layers.at(0); }

/// How a container's crashes follow each other, for the back-off.
struct CrashRun {
    int crashes = 0;
    int daemon_life = -1;
};

class Host {
  public:
    Host(loop::Loop& loop, test::FakeClock& clock, Random& random, Trace& trace, const Weather& weather)
        : loop_(loop), clock_(clock), random_(random), trace_(trace), weather_(weather) {}

    // What the runtime does.
    void make_cgroup(const std::string& uid) { cgroups_.insert(uid); }
    void make_pod(const std::string& uid);
    Result<runtime::ContainerState> start(const std::string& uid, const runtime::ContainerSpec& spec);
    void signal(const std::string& uid, const std::string& id, int number);
    void remove_container(const std::string& uid, const std::string& id);
    void remove_pod(const std::string& uid);
    std::optional<runtime::PodState> observe(const std::string& uid) const;

    /// So many thousandths of a core are asked of all containers of an image together, each with an even share.
    void set_load(const std::string& image, int64_t milli) { load_milli_[image] = milli; }
    /// Of what the containers that run have used by now.
    void account();

    // What happens by itself.
    void end(const std::string& uid, HostContainer& container, int exit_code, int number, bool oom);
    void lose_supervisor(const std::string& uid);
    /// Power cut: only what is on the disk stays.
    void reboot();

    // The network.
    Result<std::string> attach(const std::string& uid);
    void detach(const std::string& uid);

    std::map<std::string, HostPod>& pods() { return pods_; }
    const std::set<std::string>& cgroups() const { return cgroups_; }
    void remove_cgroup(const std::string& uid) { cgroups_.erase(uid); }
    std::map<std::string, std::string>& addresses() { return addresses_; }
    std::set<std::string>& images() { return images_; }
    network::ServiceRules::Services& rules() { return rules_; }
    /// Addresses of load balancers that the node has on its LAN.
    std::set<Ipv4>& lan() { return lan_; }
    bool runs_ready(const std::string& uid) const;
    uint64_t starts() const { return starts_; }
    /// When something last took a pod's readiness away that was not the daemon: by uid.
    std::map<std::string, int64_t>& disturbed_ms() { return disturbed_ms_; }
    loop::Loop& loop() { return loop_; }
    Random& random() { return random_; }
    Trace& trace() { return trace_; }
    const Weather& weather() const { return weather_; }

    /// Set by the daemon that runs; counted up by every start.
    std::function<void(const std::string& uid)> on_change;
    /// Why the daemon that runs may not kill this container ("" for any of the pod's): empty when it may.
    std::function<std::string(const std::string& uid, const std::string& name)> why_not_kill;
    int daemon_life = 0;
    test::FakeVolumes volumes{.bytes_max = int64_t{256} << 20};  ///< on the disk
    int64_t disk_full_ms = INT64_MIN;                            ///< when it was full last
    int64_t clock_jumped_ms = INT64_MIN;                         ///< when the wall clock did

  private:
    void begin_life(const std::string& uid, HostContainer& container);
    void check_start(const std::string& uid, const HostPod& pod, const runtime::ContainerSpec& spec);
    void check_back_off(const std::string& uid, const HostContainer& last);
    void check_kill(const std::string& uid, const std::string& name);
    void disturb(const std::string& uid) { disturbed_ms_[uid] = loop_.now_ms(); }
    void tell(const std::string& uid) {
        if (on_change) on_change(uid);
    }

    loop::Loop& loop_;
    test::FakeClock& clock_;
    Random& random_;
    Trace& trace_;
    const Weather& weather_;
    std::map<std::string, HostPod> pods_;
    std::set<std::string> cgroups_;
    std::map<std::string, std::string> addresses_;  ///< by uid
    std::set<std::string> images_;
    std::map<std::string, int64_t> load_milli_;
    std::set<std::string> finished_;           ///< uids of pods whose containers all succeeded before they were removed
    std::map<std::string, CrashRun> crashes_;  ///< by uid/name
    std::map<std::string, int64_t> disturbed_ms_;
    network::ServiceRules::Services rules_;
    std::set<Ipv4> lan_;
    uint32_t next_address_ = 2;
    int next_pid_ = 1000;
    uint64_t starts_ = 0;
};

}  // namespace orilla::sim

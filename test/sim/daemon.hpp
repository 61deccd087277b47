// One life of the daemon: the real store, control plane and node on a loop of their own, over the fake ports. Destroying it
// is kill -9: nothing is finished, and what the host does goes on.
#pragma once

#include <memory>

#include "budget_watch.hpp"
#include "disk.hpp"
#include "fakes.hpp"
#include "orilla/network/dns.hpp"
#include "orilla/node/usage_meter.hpp"
#include "orilla/objects/evictions.hpp"
#include "quota_watch.hpp"
#include "rollout_watch.hpp"
#include "set_watch.hpp"
#include "slow_executor.hpp"
#include "slow_volume_disk.hpp"
#include "wiring/control_plane.hpp"
#include "wiring/node_stack.hpp"
#include "witness_store.hpp"

namespace orilla::sim {

inline constexpr const char* node_name = "box";

/// Drawn anew for each life.
struct DaemonOptions {
    int64_t soft_flush_interval_ms = 30'000;
    size_t history_events_max = 4096;
    size_t batch_writes_max = 512;
    uint64_t revision_block = 100'000;
    int wal_pages_max = 512;
};

class Daemon {
  public:
    Daemon(const Clock& clock, Host& host, Ledger& ledger, RolloutHistory& rollouts, Random& random, DaemonOptions options);
    ~Daemon();

    /// Starts to start; look at `ready` and `ended`.
    void start();
    /// systemctl stop; `ended` once the store is closed.
    void stop();
    bool ready() const { return ready_; }
    /// It has left by itself: it could not start, its store failed, or it was told to stop.
    bool ended() const { return ended_; }
    /// Its store was closed in good order: nothing at all may be missing.
    bool closed() const { return closed_; }

    const DaemonOptions& options() const { return options_; }
    loop::Loop& loop() { return loop_; }
    Host& host() { return host_; }
    objects::Objects& objects() { return plane_->objects(); }
    store::Store& store() { return store_->inner(); }
    bool has_store() const { return store_ != nullptr; }
    /// What API clients have under way.
    loop::Scope& clients() { return clients_; }
    objects::Evictions& evictions() { return *evictions_; }
    std::map<std::string, uint64_t> reconciled() const;

  private:
    loop::Task<void> run();
    loop::Task<void> close();
    loop::Task<Result<void>> bring_up();
    loop::Task<Result<void>> open_store();
    void build_node();
    std::string why_not_kill(const std::string& uid, const std::string& name);
    std::string why_not_end_sidecar(const api::Pod& pod, HostPod& there) const;

    Host& host_;
    Ledger& ledger_;
    RolloutHistory& rollouts_;
    Random& random_;
    const DaemonOptions options_;
    loop::Loop loop_;
    SlowExecutor executor_;  ///< of the store
    SlowExecutor files_;     ///< of the pods
    bool ready_ = false;
    bool ended_ = false;
    bool closed_ = false;
    SlowVolumeDisk volume_disk_;
    std::unique_ptr<WitnessStore> store_;
    api::KindRegistry kinds_;  ///< what is served
    std::unique_ptr<FakeRuntime> runtime_;
    std::unique_ptr<node::UsageMeter> usage_meter_;
    std::unique_ptr<wiring::ControlPlane> plane_;
    std::unique_ptr<RolloutWatch> watch_;
    std::unique_ptr<SetWatch> set_watch_;
    std::unique_ptr<JobWatch> job_watch_;
    std::unique_ptr<BudgetWatch> budget_watch_;
    std::unique_ptr<QuotaWatch> quota_watch_;
    std::unique_ptr<objects::Evictions> evictions_;
    FakeImages images_;
    FakeLinks links_;
    FakeRules rules_;
    FakeLan lan_;
    std::unique_ptr<network::DnsZone> zone_;
    std::unique_ptr<wiring::NodeStack> node_;
    loop::Scope main_;
    loop::Scope clients_;
};

}  // namespace orilla::sim

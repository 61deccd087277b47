// The node's ports over the fake host: they take their time, fail when the weather says so, and end in the middle when
// their daemon does: what was done until then stays done.
#pragma once

#include <filesystem>
#include <map>

#include "host.hpp"

namespace orilla::sim {

class FakeRuntime final : public node::RuntimePort {
  public:
    /// Reconnects: what is on the host is known at once.
    FakeRuntime(loop::Loop& loop, Host& host);
    ~FakeRuntime() override;
    std::vector<node::SandboxState> observe() const override;
    std::optional<node::SandboxState> observe_pod(const std::string& uid) const override;
    loop::Task<Result<void>> create_pod(node::PodConfig config, std::string network_namespace) override;
    /// No pod here has namespaces of its own.
    loop::Task<Result<std::string>> make_namespaces(std::string) override { co_return Error(Code::unavailable, "user namespaces"); }
    loop::Task<Result<void>> start_container(node::ContainerConfig config) override;
    loop::Task<Result<void>> signal_container(std::string uid, std::string name, int number) override;
    int stop_signal(const std::string& uid, const std::string& name) const override;
    Result<void> note_stop(const std::string& uid, const std::string& name, int attempt, node::StopProgress stop) override;
    /// Probes end with their daemon here, and there are no hooks.
    bool has_exec(const std::string&, const std::string&) const override { return false; }
    loop::Task<Result<node::ExecResult>> exec(std::string uid, std::string name, std::vector<std::string> argv,
                                              int64_t timeout_ms) override;
    loop::Task<Result<void>> remove_container(std::string uid, std::string name, int attempt) override;
    loop::Task<Result<void>> remove_pod(std::string uid) override;
    loop::Task<Result<void>> remove_tree(std::string path) override;
    void on_change(std::function<void(const std::string& uid)> listener) override { listener_ = std::move(listener); }
    /// Sandboxes and cgroups of no pod in `known`.
    loop::Task<Result<void>> collect_garbage(std::vector<std::string> known);

  private:
    loop::Loop::SleepAwaiter pause();
    bool fails();
    void look(const std::string& uid);
    void hear(const std::string& uid);
    loop::Task<void> hear_later(std::string uid, int64_t after_ms);
    loop::Loop& loop_;
    Host& host_;
    std::map<std::string, node::SandboxState> seen_;  ///< what it has heard of
    std::function<void(const std::string& uid)> listener_;
    loop::Scope scope_;
};

class FakeImages final : public node::ImagesPort {
  public:
    FakeImages(loop::Loop& loop, Host& host) : loop_(loop), host_(host) {}
    std::optional<node::ImageFacts> find(const std::string& name) const override;
    Result<void> check_name(const std::string& name) const override;
    loop::Task<Result<node::ImageFacts>> pull(std::string name, std::vector<std::string> docker_configs) override;

  private:
    loop::Loop& loop_;
    Host& host_;
};

class FakeNetwork final : public node::NetworkPort {
  public:
    FakeNetwork(loop::Loop& loop, Host& host) : loop_(loop), host_(host) {}
    loop::Task<Result<node::PodNetwork>> attach(std::string uid, std::vector<node::HostPort> host_ports,
                                                  std::string network_namespace) override;
    loop::Task<Result<void>> detach(std::string uid) override;
    std::optional<node::PodNetwork> find(const std::string& uid) const override;
    std::string node_ip() const override { return "192.0.2.10"; }
    std::string dns_ip() const override { return "10.42.0.1"; }
    void keep_only(const std::vector<std::string>& uids);

  private:
    loop::Loop& loop_;
    Host& host_;
};

/// The kernel's table, which outlives the daemon.
class FakeRules final : public network::ServiceRules {
  public:
    explicit FakeRules(Host& host) : host_(host) {}
    Result<void> replace_all(Services services) override;
    Result<void> update(const std::string& owner, std::vector<network::ServicePortSpec> ports) override;
    Result<void> repair() override { return ok(); }
    Result<bool> repair_if_missing() override { return false; }
    Result<void> follow(loop::Loop&) override { return ok(); }
    std::optional<std::string> find_conflict(const std::string&) const override { return std::nullopt; }

  private:
    Host& host_;
};

}  // namespace orilla::sim

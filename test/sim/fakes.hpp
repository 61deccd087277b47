// The runtime, the images and the network over the fake host: they take their time, fail when the weather says so, and end in
// the middle when their daemon does: what was done until then stays done.
#pragma once

#include <filesystem>
#include <map>

#include "host.hpp"
#include "orilla/images/pod_images.hpp"
#include "orilla/network/lan_addresses.hpp"
#include "orilla/network/pod_links.hpp"
#include "orilla/network/service_rules.hpp"

namespace orilla::sim {

class FakeRuntime final : public runtime::PodRuntime {
  public:
    /// Reconnects: what is on the host is known at once.
    FakeRuntime(loop::Loop& loop, Host& host);
    ~FakeRuntime() override;
    std::vector<runtime::PodState> pods() const override;
    std::optional<runtime::PodState> find_pod(const std::string& uid) const override;
    void on_change(std::function<void(const std::string& uid)> listener) override { listener_ = std::move(listener); }
    /// No pod here has namespaces of its own.
    loop::Task<Result<std::string>> make_namespaces(std::string) override {
        co_return Error(Code::unavailable, "user namespaces");
    }
    loop::Task<Result<void>> create_pod(runtime::PodSandboxSpec spec) override;
    loop::Task<Result<runtime::ContainerState>> start_container(std::string uid, runtime::ContainerSpec spec) override;
    loop::Task<Result<void>> signal_container(std::string uid, std::string id, int number) override;
    Result<void> note_stop(const std::string& uid, const std::string& id, const runtime::StopProgress& stop) override;
    loop::Task<Result<void>> update_resources(std::string uid, std::string id, runtime::Resources resources) override;
    /// Probes end with their daemon here, and there are no hooks.
    bool has_exec(const std::string&, const std::string&) const override { return false; }
    loop::Task<Result<runtime::ExecOutcome>> exec(std::string uid, std::string id, std::vector<std::string> argv,
                                                  int64_t timeout_ms, size_t output_bytes_max) override;
    loop::Task<Result<void>> remove_container(std::string uid, std::string id) override;
    loop::Task<Result<void>> remove_pod(std::string uid) override;
    loop::Task<std::vector<std::optional<runtime::UsageSample>>> read_usage(std::vector<runtime::UsageOf> which) override;
    loop::Task<Result<void>> remove_tree(std::string path) override;
    /// Sandboxes and cgroups of no pod in `known`.
    loop::Task<Result<void>> collect_garbage(std::vector<std::string> known) override;

  private:
    loop::Loop::SleepAwaiter pause();
    bool fails();
    void look(const std::string& uid);
    void hear(const std::string& uid);
    loop::Task<void> hear_later(std::string uid, int64_t after_ms);
    loop::Loop& loop_;
    Host& host_;
    std::map<std::string, runtime::PodState> seen_;  ///< what it has heard of
    std::function<void(const std::string& uid)> listener_;
    loop::Scope scope_;
};

class FakeImages final : public images::PodImages {
  public:
    FakeImages(loop::Loop& loop, Host& host) : loop_(loop), host_(host) {}
    const images::Image* find(std::string_view name) const override;
    std::vector<std::string> layer_paths(const images::Image& image) const override { return {image.id}; }
    loop::Task<Result<images::Image>> pull(images::PullRequest request) override;

  private:
    loop::Loop& loop_;
    Host& host_;
    mutable std::map<std::string, images::Image, std::less<>> told_;  ///< for whoever asked
};

class FakeLinks final : public network::PodLinks {
  public:
    FakeLinks(loop::Loop& loop, Host& host) : loop_(loop), host_(host) {}
    loop::Task<Result<network::PodLink>> attach(std::string uid) override;
    loop::Task<Result<network::PodLink>> attach_namespace(std::string uid, std::string) override {
        return attach(std::move(uid));
    }
    loop::Task<Result<void>> detach(std::string uid) override;
    loop::Task<Result<void>> keep_only(std::vector<std::string> uids) override;
    std::optional<network::PodLink> find(const std::string& uid) const override;
    Ipv4 gateway() const override { return *parse_ipv4("10.42.0.1"); }

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
    std::optional<std::string> find_node_port_owner(network::Protocol, uint16_t) const override { return std::nullopt; }

  private:
    Host& host_;
};

/// A LAN on which somebody else has the address that ends with 3.
class FakeLan final : public network::LanAddresses {
  public:
    FakeLan(loop::Loop& loop, Host& host) : loop_(loop), host_(host) {}
    loop::Task<Result<void>> take(Ipv4 ip) override;
    loop::Task<Result<void>> give_back(Ipv4 ip) override;
    loop::Task<Result<void>> keep_only(std::vector<Ipv4> ips) override;
    loop::Task<Result<std::vector<network::ListeningPort>>> listening(Ipv4) override {
        co_return std::vector<network::ListeningPort>();
    }
    void on_conflict(ConflictFn) override {}

  private:
    loop::Loop::SleepAwaiter pause();
    loop::Loop& loop_;
    Host& host_;
};

}  // namespace orilla::sim

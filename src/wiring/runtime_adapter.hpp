// The node's runtime port over the real runtime: plain configs and images in, container specs out.
#pragma once

#include <map>
#include <string>

#include "orilla/images/images.hpp"
#include "orilla/node/ports.hpp"
#include "orilla/runtime/runtime.hpp"

namespace orilla::wiring {

struct RuntimeAdapterOptions {
    std::string scratch_dir;  ///< writable layers: scratch_dir/UID_NAME-ATTEMPT
};

/// The spec of a container of `image`. Code::invalid when runAsNonRoot forbids the image's user.
Result<runtime::ContainerSpec> plan_container_spec(const node::ContainerConfig& config, const images::Image& image,
                                                   std::vector<std::string> layers);
/// "SIGQUIT", "quit", "RTMIN+3" or "3"; SIGTERM for anything else.
int parse_stop_signal(std::string_view given);

class RuntimeAdapter final : public node::RuntimePort {
  public:
    RuntimeAdapter(runtime::Runtime& runtime, images::Images& images, RuntimeAdapterOptions options);

    std::vector<node::SandboxState> observe() const override;
    std::optional<node::SandboxState> observe_pod(const std::string& uid) const override;
    loop::Task<Result<std::string>> make_namespaces(std::string uid) override { return runtime_.make_namespaces(std::move(uid)); }
    loop::Task<Result<void>> create_pod(node::PodConfig config, std::string network_namespace) override;
    loop::Task<Result<void>> start_container(node::ContainerConfig config) override;
    loop::Task<Result<void>> signal_container(std::string uid, std::string name, int signal) override;
    int stop_signal(const std::string& uid, const std::string& name) const override;
    Result<void> note_stop(const std::string& uid, const std::string& name, int attempt, node::StopProgress stop) override;
    bool has_exec(const std::string& uid, const std::string& name) const override;
    loop::Task<Result<node::ExecResult>> exec(std::string uid, std::string name, std::vector<std::string> argv,
                                              int64_t timeout_ms) override;
    loop::Task<Result<void>> remove_container(std::string uid, std::string name, int attempt) override;
    loop::Task<Result<void>> remove_pod(std::string uid) override;
    loop::Task<Result<void>> remove_tree(std::string path) override { return runtime_.remove_tree(std::move(path)); }
    void on_change(std::function<void(const std::string& uid)> listener) override;

  private:
    node::SandboxState to_sandbox(const runtime::PodState& pod) const;
    /// The newest container of that name, or null.
    std::optional<runtime::ContainerState> newest(const std::string& uid, const std::string& name) const;

    runtime::Runtime& runtime_;
    images::Images& images_;
    RuntimeAdapterOptions options_;
    std::map<std::string, std::string> image_ids_;  ///< "UID/NAME-ATTEMPT" -> what it was made from
};

}  // namespace orilla::wiring

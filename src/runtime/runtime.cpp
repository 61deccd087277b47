// The runtime's front: builds its parts, and hands each call to the one whose it is.
#include "orilla/runtime/runtime.hpp"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "adoption.hpp"
#include "base_layer.hpp"
#include "cgroup_files.hpp"
#include "containers.hpp"
#include "execs.hpp"
#include "garbage.hpp"
#include "orilla/base/log.hpp"
#include "sandboxes.hpp"
#include "supervisor_process.hpp"

namespace orilla::runtime {

namespace {

Result<void> check_run_dir(const std::string& dir) {
    TRY_VOID(make_directories(dir, 0700));
    struct stat found {};
    if (lstat(dir.c_str(), &found) != 0) return Error::from_errno("look at " + dir, errno);
    // Whoever could write here could put a socket in a supervisor's place.
    if (!S_ISDIR(found.st_mode) || found.st_uid != 0) return Error(Code::forbidden, dir + " is not root's directory");
    if (chmod(dir.c_str(), 0700) != 0) return Error::from_errno("protect " + dir, errno);
    return ok();
}

/// The kernel sums up before it answers, and others may hold its locks: not for the loop.
struct UsageReading {
    std::shared_ptr<const Cgroups> cgroups;
    std::vector<std::optional<std::string>> paths;
    std::vector<std::optional<UsageSample>> operator()() const {
        std::vector<std::optional<UsageSample>> samples;
        samples.reserve(paths.size());
        for (const auto& path : paths)
            samples.push_back(!path ? std::nullopt : path->empty() ? cgroups->read_node_usage() : cgroups->read_usage(*path));
        return samples;
    }
};

class RuntimeImpl final : public Runtime {
  public:
    RuntimeImpl(loop::Loop& loop, loop::Executor& files, const RuntimeOptions& options, std::unique_ptr<Cgroups> cgroups,
                UniqueFd image)
        : loop_(loop),
          files_(files),
          cgroups_(std::move(cgroups)),
          image_(std::move(image)),
          pods_(loop, options.run_dir),
          exits_(loop, *cgroups_, pods_),
          removal_(loop, image_.get(), *cgroups_),
          supervisors_(loop, {image_.get(), options.supervisor_answer_ms_max}, *cgroups_, pods_, exits_),
          sandboxes_(loop, *cgroups_, pods_, supervisors_, removal_),
          containers_(loop, files, {options.base_layer, options.disk_answer_ms_max}, *cgroups_, pods_, exits_, removal_),
          execs_(loop, pods_),
          garbage_(loop, files, options.scratch_root, *cgroups_, pods_, sandboxes_, removal_),
          adoption_(loop, *cgroups_, pods_, supervisors_, exits_) {}

    loop::Task<void> adopt(std::string run_dir) { return adoption_.adopt(std::move(run_dir)); }

    std::vector<PodState> pods() const override { return pods_.states(); }
    std::optional<PodState> find_pod(const std::string& pod_id) const override {
        const PodPtr pod = pods_.find(pod_id);
        return pod ? std::optional(pod->state()) : std::nullopt;
    }
    void on_change(std::function<void(const std::string&)> listener) override { pods_.on_change(std::move(listener)); }
    loop::Task<Result<std::string>> make_namespaces(std::string pod_id) override {
        return sandboxes_.make_namespaces(std::move(pod_id));
    }
    loop::Task<Result<void>> create_pod(PodSandboxSpec spec) override { return sandboxes_.create(std::move(spec)); }
    loop::Task<Result<ContainerState>> start_container(std::string pod_id, ContainerSpec spec) override {
        return containers_.start(std::move(pod_id), std::move(spec));
    }
    loop::Task<Result<void>> signal_container(std::string pod_id, std::string container_id, int signal) override {
        return containers_.signal(std::move(pod_id), std::move(container_id), signal);
    }
    Result<void> note_stop(const std::string& pod_id, const std::string& container_id, const StopProgress& stop) override {
        return containers_.note_stop(pod_id, container_id, stop);
    }
    loop::Task<Result<void>> update_resources(std::string pod_id, std::string container_id, Resources resources) override {
        const PodPtr pod = pods_.find(pod_id);
        if (!pod) co_return Error(Code::not_found, "no pod " + pod_id);
        const std::string path = container_id.empty() ? pod->record.cgroup : pod->container_cgroup(container_id);
        // Less memory is taken from it while the writer waits.
        auto changing = loop::run_on(
            files_, loop_, [cgroups = cgroups_, path, resources] { return update_limits(*cgroups, path, resources); });
        co_return co_await std::move(changing);
    }
    bool has_exec(const std::string& pod_id, const std::string& container_id) const override {
        return execs_.any(pod_id, container_id);
    }
    loop::Task<Result<ExecOutcome>> exec(std::string pod_id, std::string container_id, std::vector<std::string> args,
                                         int64_t timeout_ms, size_t output_bytes_max) override {
        return execs_.run(std::move(pod_id), std::move(container_id), std::move(args), timeout_ms, output_bytes_max);
    }
    loop::Task<Result<void>> remove_container(std::string pod_id, std::string container_id) override {
        return containers_.remove(std::move(pod_id), std::move(container_id));
    }
    loop::Task<Result<void>> remove_pod(std::string pod_id) override { return sandboxes_.remove(std::move(pod_id)); }
    loop::Task<Result<void>> collect_garbage(std::vector<std::string> known_pod_ids) override {
        return garbage_.collect(std::move(known_pod_ids));
    }
    loop::Task<Result<void>> remove_tree(std::string path) override { return removal_.remove_tree(std::move(path)); }
    loop::Task<std::vector<std::optional<UsageSample>>> read_usage(std::vector<UsageOf> which) override {
        std::vector<std::optional<std::string>> paths;  // the node has an empty one
        for (const UsageOf& one : which) {
            const PodPtr pod = pods_.find(one.pod_id);
            const bool is_node = one.pod_id.empty();
            paths.push_back(pod       ? std::optional(pod->container_cgroup(one.container_id))
                            : is_node ? std::optional<std::string>("")
                                      : std::nullopt);
        }
        CO_RETURN_AWAIT(loop::run_on(files_, loop_, UsageReading{cgroups_, std::move(paths)}));
    }

  private:
    loop::Loop& loop_;
    loop::Executor& files_;
    const std::shared_ptr<Cgroups> cgroups_;  ///< a thread may still read when we end
    const UniqueFd image_;
    const UniqueFd fast_moves_ = favor_fast_moves();
    PodTable pods_;
    Exits exits_;
    Removal removal_;
    Supervisors supervisors_;
    Sandboxes sandboxes_;
    Containers containers_;
    Execs execs_;
    Garbage garbage_;
    Adoption adoption_;
};

}  // namespace

loop::Task<Result<std::unique_ptr<Runtime>>> Runtime::open(loop::Loop& loop, loop::Executor& files, RuntimeOptions options) {
    CO_CHECK_VOID(check_run_dir(options.run_dir));
    if (!options.base_layer.empty()) {
        AWAIT(auto made, loop::run_on(files, loop, [path = options.base_layer] { return make_base_layer(path); }));
        if (!made) log::warning(made.error().message());
        // It only saves writes: on a full disk roots do without.
        if (!made) options.base_layer.clear();
    }
    CO_CHECK(std::unique_ptr<Cgroups> cgroups, Cgroups::open(options.cgroup_root));
    CO_CHECK(UniqueFd image, make_supervisor_image());
    auto runtime = std::make_unique<RuntimeImpl>(loop, files, options, std::move(cgroups), std::move(image));
    AWAIT_VOID(runtime->adopt(options.run_dir));
    co_return std::unique_ptr<Runtime>(std::move(runtime));
}

}  // namespace orilla::runtime

// The container runtime of one node: pods are a supervisor with namespaces and a cgroup, containers are its children.
// It promises that what it started survives the death of this process and is found again by `open`; that what it
// removes leaves no mount, cgroup, process or file behind; and that no call blocks the loop. It takes plain specs and
// decides nothing about restarts. It refuses what the kernel cannot do with an error that says so.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "orilla/loop/io_thread.hpp"
#include "orilla/runtime/pod_runtime.hpp"

namespace orilla::runtime {

struct RuntimeOptions {
    std::string run_dir;       ///< root-only, on a tmpfs: sockets and state of the supervisors ("/run/orilla/pods")
    std::string scratch_root;  ///< parent of every scratch_dir, and of nothing else; empty: garbage there is not collected
    std::string base_layer;    ///< directory for the lowest layer of every root, on the file system of the others; empty: none
    std::string cgroup_root;   ///< below every controller's mount: "/orilla"; empty: below this process's own cgroup
    int64_t supervisor_answer_ms_max = 10'000;  ///< a supervisor that is silent for longer counts as broken
    int64_t disk_answer_ms_max = 10'000;        ///< a start on a disk that is silent for longer fails
};

/// One thing the kernel lacks. `fatal` means that no container can run.
struct MissingFeature {
    std::string name;      ///< "overlayfs"
    std::string sentence;  ///< what is missing, what will not work, what to do
    bool fatal = true;
};
/// Probes this kernel; an empty list is good news. Changes nothing.
std::vector<MissingFeature> check_kernel();

class Runtime : public PodRuntime {
  public:
    /// Prepares the cgroup root and reconnects to every supervisor that is still alive below run_dir: afterwards `pods`
    /// is complete. Pods whose supervisor died are listed too, not alive, with what their state file tells. What may not
    /// answer, a disk or a path that users name, is asked by `files`.
    static loop::Task<Result<std::unique_ptr<Runtime>>> open(loop::Loop& loop, loop::Executor& files, RuntimeOptions options);
};

}  // namespace orilla::runtime

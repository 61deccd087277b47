// One more process in a running container, with the container's confinement; its output collected up to a bound.
#pragma once

#include <string>
#include <vector>

#include "pod_table.hpp"
#include "start_plan.hpp"

namespace orilla::runtime {

class Execs {
  public:
    Execs(loop::Loop& loop, PodTable& pods) : loop_(loop), pods_(pods) {}

    /// As PodRuntime's exec and has_exec.
    loop::Task<Result<ExecOutcome>> run(std::string pod_id, std::string container_id, std::vector<std::string> args,
                                        int64_t timeout_ms, size_t output_bytes_max);
    bool any(const std::string& pod_id, const std::string& container_id) const;

  private:
    Result<StartPlan> load_plan(const PodEntry& pod, const ContainerEntry& container, std::vector<std::string> args) const;
    loop::Task<void> finish(PodPtr pod, uint32_t handle, int64_t timeout_ms, ExecOutcome* outcome);

    loop::Loop& loop_;
    PodTable& pods_;
};

}  // namespace orilla::runtime

// The file work of one pod, on threads that a file system may keep for ever: one job after another, and none is begun once the
// pod's files are to go. Whoever waits for a job may go away; the job goes on, and what comes next waits for it.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "orilla/loop/io_thread.hpp"
#include "volumes/volumes.hpp"

namespace orilla::node {

class PodFiles {
  public:
    /// `dir` holds volumes/NAME. What lies elsewhere, where the user says, is made on `places`: many that hang there keep only
    /// each other.
    PodFiles(loop::Loop& loop, loop::Executor& files, loop::Executor& places, std::string dir);

    /// Makes the volumes, and directories besides.
    loop::Task<Result<void>> make(std::vector<VolumeWork> volumes, std::vector<std::string> directories);
    /// The volume that is being made; none between two.
    const VolumeWork* at_work() const;
    /// Takes away what is mounted below `dir`. Does not wait for ever for a job that hangs.
    loop::Task<Result<void>> unpublish();

  private:
    struct Job {
        std::vector<VolumeWork> volumes;
        std::vector<std::string> directories;
        std::atomic<size_t> next = 0;  ///< the volume that is being made
    };
    struct State {
        explicit State(loop::Loop& loop) : ended(loop) {}
        std::shared_ptr<Job> job;  ///< at work
        loop::Event ended;
        std::atomic<bool> closed = false;
    };
    loop::Executor& executor_of(const Job& job);
    static Result<void> check_open(const State& state);
    static Result<void> run(const State& state, Job& job, const std::string& dir);

    loop::Loop& loop_;
    loop::Executor& files_;
    loop::Executor& places_;
    const std::string dir_;
    std::shared_ptr<State> state_;
};

}  // namespace orilla::node

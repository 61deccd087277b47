// Logs of containers, read from the files that the pods' supervisors write: LOGS_DIR/NS_POD_UID/CONTAINER/ATTEMPT.log.
#pragma once

#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/objects/pod_logs.hpp"
#include "orilla/runtime/pod_runtime.hpp"

namespace orilla::node {

class LogFiles final : public objects::PodLogs {
  public:
    LogFiles(loop::Loop& loop, loop::Executor& files, objects::Objects& objects, runtime::PodRuntime& runtime,
             std::string logs_dir)
        : loop_(loop), files_(files), objects_(objects), runtime_(runtime), logs_dir_(std::move(logs_dir)) {}
    loop::Task<Result<std::unique_ptr<loop::ByteStream>>> open(objects::LogRequest request) override;

  private:
    loop::Loop& loop_;
    loop::Executor& files_;
    objects::Objects& objects_;
    runtime::PodRuntime& runtime_;
    std::string logs_dir_;
};

}  // namespace orilla::node

// The API server's logs, read from the files that the pods' supervisors write.
#pragma once

#include "orilla/apiserver/ports.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/loop.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/runtime/pod_runtime.hpp"

namespace orilla::wiring {

class LogsAdapter final : public apiserver::Logs {
  public:
    LogsAdapter(loop::Loop& loop, loop::Executor& files, objects::Objects& objects, runtime::PodRuntime& runtime, std::string logs_dir)
        : loop_(loop), files_(files), objects_(objects), runtime_(runtime), logs_dir_(std::move(logs_dir)) {}
    loop::Task<Result<std::unique_ptr<http::ByteStream>>> open(apiserver::LogRequest request) override;

  private:
    loop::Loop& loop_;
    loop::Executor& files_;
    objects::Objects& objects_;
    runtime::PodRuntime& runtime_;
    std::string logs_dir_;
};

}  // namespace orilla::wiring

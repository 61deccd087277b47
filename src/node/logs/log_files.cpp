#include "orilla/node/log_files.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cstdlib>

#include "logs/log_stream.hpp"
#include "orilla/base/file_system.hpp"

namespace orilla::node {
namespace {

/// Why a container without a log has none, in the kubelet's words.
Error no_log_error(const api::Pod* pod, const objects::LogRequest& request) {
    const std::string names = fmt::format("container \"{}\" in pod \"{}\"", request.container, request.pod);
    if (request.previous) return Error(Code::bad_request, fmt::format("previous terminated {} not found", names));
    std::string reason = "ContainerCreating";
    if (pod)
        for (const auto* list : {&pod->status.init_container_statuses, &pod->status.container_statuses})
            for (const auto& status : *list)
                if (status.name == request.container && status.state.waiting) reason = status.state.waiting->reason.str();
    return Error(Code::bad_request, fmt::format("{} is waiting to start: {}", names, reason));
}

/// The newest attempt that wrote a log, or the one before it; -1 when there is none.
int find_attempt(const std::string& directory, bool previous) {
    std::vector<int> attempts;
    for (const auto& name : list_names(directory))
        if (name.ends_with(".log")) attempts.push_back(atoi(name.c_str()));
    std::sort(attempts.rbegin(), attempts.rend());
    const size_t index = previous ? 1 : 0;
    return index < attempts.size() ? attempts[index] : -1;
}

}  // namespace

loop::Task<Result<std::unique_ptr<loop::ByteStream>>> LogFiles::open(objects::LogRequest request) {
    const std::string directory =
        fmt::format("{}/{}_{}_{}/{}", logs_dir_, request.ns, request.pod, request.pod_uid, request.container);
    auto finding =
        loop::run_on(files_, loop_, [directory, previous = request.previous] { return find_attempt(directory, previous); });
    const int attempt = co_await std::move(finding);
    const auto pod = objects_.get<api::Pod>(request.ns, request.pod);
    if (attempt < 0) co_return no_log_error(pod.get(), request);
    LogQuery query{request, fmt::format("{}/{}.log", directory, attempt)};
    auto ended = [this, uid = request.pod_uid, name = request.container, attempt] {
        const auto sandbox = runtime_.find_pod(uid);
        if (!sandbox) return true;
        for (const auto& state : sandbox->containers)
            if (state.name == name && state.attempt == attempt) return state.phase == runtime::ContainerPhase::exited;
        return true;
    };
    auto opening = LogStream::open(loop_, files_, std::move(query), std::move(ended));
    CO_TRY(auto stream, std::move(opening));
    co_return std::unique_ptr<loop::ByteStream>(std::move(stream));
}

}  // namespace orilla::node

// The handlers of lifecycle hooks: a command in the container, a request to it, or a sleep.
#pragma once

#include "pod/agent_pod.hpp"

namespace orilla::node {

/// Fails with the command and its exit code, but not with what it printed: hooks print secrets.
loop::Task<Result<void>> run_handler(const AgentContainer& me, int attempt, api::LifecycleHandler handler, int64_t limit_ms);

/// As the API bounds it.
int64_t sleep_ms(const api::SleepAction& sleep);

}  // namespace orilla::node

// /healthz, /livez and /readyz as the reference server answers them: "ok", or one line for each check when that is asked
// for or one of them has failed. /livez only tells that somebody answers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "http_message.hpp"
#include "orilla/base/result.hpp"

namespace orilla::server {

/// `ready` is what the check `startup` says; empty: always ready.
Result<Response> serve_health(const Request& request, const std::vector<std::string>& segments,
                              const std::function<Result<void>()>& ready);

}  // namespace orilla::server

// /healthz, /livez and /readyz as the reference server answers them: "ok", or one line for each check when that is asked
// for or one of them has failed. /livez only tells that somebody answers.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/http/message.hpp"

namespace orilla::apiserver {

/// `ready` is what the check `startup` says; empty: always ready.
Result<http::Response> serve_health(const http::Request& request, const std::vector<std::string>& segments,
                                    const std::function<Result<void>()>& ready);

}  // namespace orilla::apiserver

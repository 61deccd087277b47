// Waiting for one object, by list and watch.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <string>

#include "client.hpp"
#include "resources.hpp"

namespace orilla::cli {

constexpr int64_t wait_ms_max = 7LL * 24 * 3600 * 1000;

/// Calls `look` with the object now and after each change (null: it is gone) until it returns true or fails.
/// Code::timeout after `limit_ms`.
using Look = std::function<Result<bool>(const boost::json::object* object)>;
Result<void> wait_until(Client& client, const api::KindInfo& kind, const std::string& ns, const std::string& name,
                        int64_t limit_ms, const Look& look);
/// Until it is gone, or another uid has its name.
Result<void> wait_gone(Client& client, const api::KindInfo& kind, const std::string& ns, const std::string& name,
                       const std::string& uid, int64_t limit_ms);

}  // namespace orilla::cli

// Waiting for one object, by list and watch.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <string>

#include "client.hpp"
#include "options.hpp"
#include "resources.hpp"

namespace orilla::cli {

constexpr int64_t wait_ms_max = 7LL * 24 * 3600 * 1000;
constexpr int64_t wait_default_ms = 30'000;

/// --timeout, `otherwise_ms` without it, wait_ms_max for a negative one; fails for what is no duration. For delete and
/// rollout 0 means no limit, for wait and scale one look.
Result<int64_t> parse_timeout(const Options& options, int64_t otherwise_ms);

/// What --for says.
struct Condition {
    enum class Kind { created, deleted, condition, jsonpath };
    Kind kind = Kind::created;
    std::string path;                  ///< the condition's type, or the jsonpath
    std::optional<std::string> value;  ///< absent: any value will do
};
Result<Condition> parse_condition(const std::string& text);
/// Does the object (null: there is none) fulfil it? Pure.
Result<bool> holds(const Condition& wanted, const boost::json::object* object);

/// Calls `look` with the object now and after each change (null: it is gone) until it returns true or fails.
/// Code::timeout after `limit_ms`.
using Look = std::function<Result<bool>(const boost::json::object* object)>;
Result<void> wait_until(Client& client, const api::KindInfo& kind, const std::string& ns, const std::string& name,
                        int64_t limit_ms, const Look& look);
/// Until it is gone, or another uid has its name.
Result<void> wait_gone(Client& client, const api::KindInfo& kind, const std::string& ns, const std::string& name,
                       const std::string& uid, int64_t limit_ms);

}  // namespace orilla::cli

// Which pods a drain takes off a node, and which it leaves there or refuses to touch, as kubectl decides. Pure.
#pragma once

#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "options.hpp"
#include "orilla/base/result.hpp"

namespace orilla::cli {

struct DrainVerdict {
    bool goes = true;
    std::string why = {};  ///< it is refused, or there is something to be said
    bool is_refused = false;
    bool operator==(const DrainVerdict&) const = default;
};

/// An error of the server for a DaemonSet that is not there; nothing: it is.
using FindDaemonSet = std::function<std::optional<Error>(const std::string& ns, const std::string& name)>;

DrainVerdict judge_pod(const boost::json::object& pod, const Options& options, const FindDaemonSet& find_daemon_set,
                       int64_t now_unix_s);

struct Leaving {
    std::string ns, name, uid;
    bool operator==(const Leaving&) const = default;
};

/// What all verdicts come to: nothing goes when one pod is refused.
class DrainPlan {
  public:
    void add(const Leaving& pod, const DrainVerdict& verdict);
    const std::vector<Leaving>& leaving() const { return leaving_; }
    /// "WHY: ns/a, ns/b; WHY: ..."; empty: none.
    std::string warnings() const;
    /// "cannot delete WHY: ns/a, ns/b"
    std::vector<std::string> refusals() const;

  private:
    using Reasons = std::vector<std::pair<std::string, std::string>>;  ///< why, and the pods, in the order they came
    static void note(Reasons& reasons, const std::string& why, const Leaving& pod);
    std::vector<Leaving> leaving_;
    Reasons warnings_, refusals_;
};

/// As Go writes it: 5s, 1m30s, 1h0m0s.
std::string go_duration(int64_t ms);
/// One as it is, several as [a, b].
std::string join_errors(const std::vector<std::string>& errors);

}  // namespace orilla::cli

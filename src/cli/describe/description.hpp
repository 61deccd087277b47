// describe: objects as text for a person, laid out as kubectl does. Pure: what stands around the object is handed in.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace orilla::cli {

/// Columns between tabs become as wide as their widest cell in neighbouring lines, and two more.
std::string align_tabs(std::string_view text);

/// Collects lines; level 1 is two blanks deep.
class Description {
  public:
    void line(int level, const std::string& text);
    /// "NAME:\tVALUE", <none> for an empty value.
    void field(int level, const std::string& name, const std::string& value);
    /// "NAME:\tK=V" and more lines below; `indent` stands before each.
    void map(const std::string& name, const boost::json::object& values, std::string_view separator = "=",
             const std::string& indent = "");
    std::string render() const { return align_tabs(text_); }

  private:
    std::string text_;
};

/// What a description tells besides the object itself, as far as its kind has it.
struct Surroundings {
    boost::json::array slices;                               ///< EndpointSlices of a Service, or of an Ingress's namespace
    boost::json::array services;                             ///< of an Ingress's namespace
    boost::json::array replica_sets;                         ///< of a Deployment
    boost::json::array quotas, limit_ranges;                 ///< of a Namespace
    boost::json::array pods;                                 ///< of a ReplicaSet and its like, or of a node
    std::optional<std::vector<boost::json::object>> events;  ///< oldest first; none: not asked for
    int64_t now_unix_s = 0;
};

std::string render_description(const boost::json::object& object, const Surroundings& around);

/// Containers, volumes and the like of a pod (`indent` empty) or of a pod template ("  ").
void describe_pod_spec(Description& out, const boost::json::object& spec, const boost::json::object& status,
                       const std::string& indent);
void describe_volumes(Description& out, const boost::json::object& spec, const std::string& indent);
void describe_tolerations(Description& out, const boost::json::object& spec, const std::string& indent);
void describe_pod_template(Description& out, const boost::json::object& pod_template);
/// "Wed, 25 Nov 2026 15:03:07 +0000" of an RFC3339 time.
std::string long_time(const std::string& rfc3339);

}  // namespace orilla::cli

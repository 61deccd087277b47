// The objects that `create KIND NAME` makes from its flags.
#pragma once

#include <boost/json/object.hpp>

#include "client.hpp"
#include "options.hpp"
#include "orilla/base/result.hpp"

namespace orilla::cli {

/// For options.verb "create configmap" and the like. Reads the files that the flags name, nothing else.
Result<boost::json::object> make_generated(const Options& options);
/// For "create job" with an image, and "create cronjob".
Result<boost::json::object> make_job(const Options& options, boost::json::object metadata);
Result<boost::json::object> make_cronjob(const Options& options, boost::json::object metadata);
/// For "create job --from=cronjob/NAME": the Job that it would make, which is its own.
Result<boost::json::object> fetch_job_pattern(Client& client, const Options& options);
boost::json::object make_job_of(const boost::json::object& cronjob, const Options& options);
/// For "create poddisruptionbudget".
Result<boost::json::object> make_budget(const Options& options, boost::json::object metadata);
/// For "create priorityclass".
Result<boost::json::object> make_priority_class(const Options& options);
/// For "create secret generic", "tls" and "docker-registry".
Result<boost::json::object> make_secret(const Options& options, boost::json::object metadata);

}  // namespace orilla::cli

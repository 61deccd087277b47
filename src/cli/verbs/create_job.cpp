// create job and create cronjob.
#include <boost/json.hpp>

#include "orilla/kinds/types.hpp"
#include "print/output.hpp"
#include "targets.hpp"
#include "verbs/create.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

Result<json::object> make_job_spec(const Options& options, const std::string& restart_policy) {
    if (options.images.empty()) return usage("required flag(s) \"image\" not set");
    if (options.images.size() > 1) return usage("--image goes with one container; write a manifest");
    json::object container{{"name", options.args[0]}, {"image", options.images[0]}};
    json::array command;
    for (const auto& word : options.container_command) command.emplace_back(word);
    if (!command.empty()) container["command"] = std::move(command);
    json::object pod{{"containers", json::array{std::move(container)}}, {"restartPolicy", restart_policy}};
    return json::object{{"template", {{"spec", std::move(pod)}}}};
}

}  // namespace

Result<json::object> make_job(const Options& options, json::object metadata) {
    TRY(json::object spec, make_job_spec(options, "Never"));
    return json::object{
        {"apiVersion", "batch/v1"}, {"kind", "Job"}, {"metadata", std::move(metadata)}, {"spec", std::move(spec)}};
}

Result<json::object> make_cronjob(const Options& options, json::object metadata) {
    if (options.schedule.empty()) return usage("required flag(s) \"schedule\" not set");
    TRY(json::object job, make_job_spec(options, options.restart.empty() ? "OnFailure" : options.restart));
    json::object job_template{{"metadata", {{"name", options.args[0]}}}, {"spec", std::move(job)}};
    return json::object{{"apiVersion", "batch/v1"},
                        {"kind", "CronJob"},
                        {"metadata", std::move(metadata)},
                        {"spec", {{"schedule", options.schedule}, {"jobTemplate", std::move(job_template)}}}};
}

json::object make_job_of(const json::object& cronjob, const Options& options) {
    const json::object& pattern = object_at(object_at(cronjob, "spec"), "jobTemplate");
    const json::object &given = object_at(pattern, "metadata"), &owner = object_at(cronjob, "metadata");
    json::object metadata{{"name", options.args[0]}};
    if (!options.ns.empty()) metadata["namespace"] = options.ns;
    if (!object_at(given, "labels").empty()) metadata["labels"] = object_at(given, "labels");
    json::object annotations = object_at(given, "annotations");
    annotations["cronjob.kubernetes.io/instantiate"] = "manual";
    metadata["annotations"] = std::move(annotations);
    metadata["ownerReferences"] = json::array{json::object{{"apiVersion", "batch/v1"},
                                                           {"kind", "CronJob"},
                                                           {"name", text_at(owner, "name")},
                                                           {"uid", text_at(owner, "uid")},
                                                           {"controller", true}}};
    return {
        {"apiVersion", "batch/v1"}, {"kind", "Job"}, {"metadata", std::move(metadata)}, {"spec", object_at(pattern, "spec")}};
}

Result<json::object> fetch_job_pattern(Client& client, const Options& options) {
    if (options.args.size() != 1)
        return usage_with_help(options, "exactly one NAME is required, got " + std::to_string(options.args.size()));
    if (!options.images.empty() || !options.container_command.empty())
        return usage("--from goes without --image and a command");
    TRY(const auto targets, parse_targets({options.from}, options));
    if (!targets[0].kind->is_same_kind(api::kind_of<api::CronJob>()) || targets[0].name.empty())
        return usage("from must be an existing cronjob: --from=cronjob/NAME");
    TRY(const json::object cronjob, fetch(client, options, targets[0]));
    return make_job_of(cronjob, options);
}

}  // namespace orilla::cli

// apply and create: what works on manifests.
#include <fmt/core.h>
#include <boost/json.hpp>

#include "manifests.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/defaults.hpp"
#include "orilla/kinds/validation.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/patch.hpp"
#include "print/output.hpp"
#include "verbs/delete.hpp"
#include "verbs/prune.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr int apply_conflicts_max = 5;

std::string write_query(const Options& options, std::string_view manager) {
    std::string out = "?fieldManager=" + std::string(manager);
    out += "&fieldValidation=" + std::string(options.validate == "false" || options.validate == "ignore" ? "Ignore"
                                             : options.validate == "warn"                                ? "Warn"
                                                                                                         : "Strict");
    if (options.dry_run == "server") out += "&dryRun=All";
    return out;
}

/// What was done, one line each; or the objects, as -o says, all of them at the end.
class Report {
  public:
    explicit Report(const Options& options) : options_(options) {}

    Result<void> add(const api::KindInfo& kind, const std::string& name, const std::string& done, const std::string& body) {
        const std::string shown = display_name(kind, name);
        if (options_.output.empty()) print(fmt::format("{} {}{}\n", shown, done, dry_run_suffix(options_)));
        else if (options_.output == "name") print(shown + "\n");
        if (!is_machine_output(options_.output) || options_.output == "name") return ok();
        TRY(json::object object, parse_object(body));
        objects_.push_back(std::move(object));
        return ok();
    }

    Result<void> finish() const {
        if (objects_.empty()) return ok();
        TRY(const std::string text, render_objects(options_, objects_, true));
        print_value(text);
        return ok();
    }

  private:
    const Options& options_;
    std::vector<json::object> objects_;
};

Result<void> create_applied(Client& client, const Options& options, const Manifest& manifest, Report& report) {
    Request request;
    request.method = "POST";
    request.path = path_of(*manifest.kind, manifest.ns) + write_query(options, "kubectl-client-side-apply");
    request.body = json::serialize(with_last_applied(manifest));
    auto body = client.send(request);
    if (!body) return manifest.document.located(body.error());
    return report.add(*manifest.kind, manifest.name, "created", *body);
}

Result<std::string> applied_before(const std::string& live) {
    TRY(json::object found, parse_object(live));
    return text_at(object_at(object_at(found, "metadata"), "annotations"), api::last_applied_annotation);
}

void warn_unless_applied(const Manifest& manifest, const std::string& live) {
    const auto before = applied_before(live);
    if (before && !before->empty()) return;
    complain(
        fmt::format("Warning: resource {}/{} is missing the {} annotation which apply needs to tell what was removed from a "
                    "file. It will be patched automatically.\n",
                    manifest.kind->plural, manifest.name, api::last_applied_annotation));
}

Result<std::string> plan_patch(const Manifest& manifest, const std::string& live) {
    TRY(const std::string before, applied_before(live));
    return api::make_three_way_patch(before.empty() ? "{}" : before, json::serialize(with_last_applied(manifest)), live,
                                     *manifest.kind->type);
}

Result<void> apply_one(Client& client, const Options& options, const Manifest& manifest, Report& report) {
    Request get;
    get.path = path_of(*manifest.kind, manifest.ns, manifest.name);
    for (int attempt = 0;; ++attempt) {
        auto live = client.send(get);
        const bool absent = !live && live.error().code() == Code::not_found;
        if (!live && !absent) return std::move(live).error();
        if (options.dry_run == "client")
            return report.add(*manifest.kind, manifest.name, absent ? "created" : "configured",
                              json::serialize(with_last_applied(manifest)));
        if (absent) return create_applied(client, options, manifest, report);
        if (attempt == 0) warn_unless_applied(manifest, *live);
        TRY(std::string patch, plan_patch(manifest, *live));
        if (patch == "{}") return report.add(*manifest.kind, manifest.name, "unchanged", *live);
        Request request;
        request.method = "PATCH";
        request.path = get.path + write_query(options, "kubectl-client-side-apply");
        request.content_type = "application/strategic-merge-patch+json";
        request.body = std::move(patch);
        auto body = client.send(request);
        if (!body && body.error().code() == Code::conflict && attempt < apply_conflicts_max) continue;
        if (!body) return manifest.document.located(body.error());
        // A patch may say nothing new: creationTimestamp: null, labels: {}, a Secret's stringData.
        return report.add(*manifest.kind, manifest.name, *body == *live ? "unchanged" : "configured", *body);
    }
}

/// What would go wrong with one document, without changing anything: what is there already, the server is asked by a dry
/// run; what is not is checked here, because its namespace may be made by an earlier document.
Result<void> rehearse_one(Client& client, const Options& options, const Manifest& manifest) {
    Request request;
    request.path = path_of(*manifest.kind, manifest.ns, manifest.name);
    auto live = client.send(request);
    if (!live && live.error().code() == Code::not_found) return check_new(manifest);
    if (!live) return std::move(live).error();
    TRY(request.body, plan_patch(manifest, *live));
    if (request.body == "{}") return ok();
    Options rehearsal = options;
    rehearsal.dry_run = "server";
    rehearsal.validate = "ignore";  // its warnings come with the real thing
    request.method = "PATCH";
    request.path += write_query(rehearsal, "kubectl-client-side-apply");
    request.content_type = "application/strategic-merge-patch+json";
    auto body = client.send(request);
    if (!body && body.error().code() != Code::conflict) return manifest.document.located(body.error());
    return ok();
}

/// What is gone by itself meanwhile is no failure.
Result<void> prune_one(Client& client, const Options& options, const std::string& body, const Target& target, Report& report) {
    Request request;
    request.method = options.dry_run == "client" ? "GET" : "DELETE";
    request.path = path_of(target);
    if (options.dry_run != "client") request.body = body;
    auto answer = client.send(request);
    if (!answer && answer.error().code() == Code::not_found) return ok();
    if (!answer) return std::move(answer).error().with_context("pruning " + display_name(*target.kind, target.name));
    return report.add(*target.kind, target.name, "pruned", *answer);
}

Result<void> prune_the_rest(Client& client, const Options& options, const std::vector<Manifest>& manifests, Report& report) {
    TRY(const std::string body, plan_delete_body(options));
    TRY(const auto targets, find_prunable(client, options, manifests));
    Failures failures;
    for (const Target& target : targets) failures.add_if(prune_one(client, options, body, target, report));
    return failures.outcome();
}

Result<void> create_one(Client& client, const Options& options, const Manifest& manifest, Report& report) {
    if (options.dry_run == "client")
        return report.add(*manifest.kind, manifest.name, "created", json::serialize(manifest.object));
    Request request;
    request.method = "POST";
    request.path = path_of(*manifest.kind, manifest.ns) + write_query(options, "kubectl-create");
    request.body = json::serialize(manifest.object);
    auto body = client.send(request);
    if (!body && manifest.document.source.empty()) return std::move(body).error();  // made by hand: no line to name
    if (!body) return manifest.document.located(body.error());
    TRY(json::object made, parse_object(*body));
    const std::string name = text_at(object_at(made, "metadata"), "name");  // generateName gave it one
    return report.add(*manifest.kind, name, "created", *body);
}

}  // namespace

json::object with_last_applied(const Manifest& manifest) {
    json::object object = manifest.object;
    if (!object["metadata"].is_object()) object["metadata"].emplace_object();
    json::object& metadata = object["metadata"].get_object();
    json::object annotations = object_at(metadata, "annotations");
    annotations.erase(api::last_applied_annotation);
    metadata["annotations"] = annotations;
    const std::string config = sorted_json(object) + "\n";
    metadata["annotations"].get_object()[api::last_applied_annotation] = config;
    return object;
}

Result<void> check_new(const Manifest& manifest) {
    auto object = api::decode_object(*manifest.kind, json::serialize(manifest.object));
    if (!object) return manifest.document.located(object.error());
    if (manifest.kind->namespaced) object->meta().namespace_ = api::Str(manifest.ns);
    api::apply_defaults(*object);
    auto valid = api::validate_create(*object);
    if (!valid) return manifest.document.located(valid.error());
    return ok();
}

Result<void> check_names(const std::vector<Manifest>& manifests) {
    for (const auto& manifest : manifests)
        if (manifest.name.empty()) {
            const std::string prefix = text_at(object_at(manifest.object, "metadata"), "generateName");
            const Cause missing = {"FieldValueRequired", "Required value: resource name may not be empty", "metadata.name"};
            const Cause generated = {"FieldValueForbidden",
                                     fmt::format("Forbidden: from {}: cannot use generate name with apply", prefix),
                                     "metadata.generateName"};
            return manifest.document.located(Error(Code::bad_request, "").with_cause(prefix.empty() ? missing : generated));
        }
    return ok();
}

Result<void> run_apply(Client& client, const Options& options) {
    TRY_VOID(check_output(options, change_outputs));
    if (options.files.empty()) return usage("must specify one of -f and -k");
    TRY_VOID(refuse_words(options));
    TRY_VOID(check_prune(options));
    // All documents are checked before the first one changes anything.
    TRY(auto manifests, read_manifests(options));
    TRY_VOID(check_names(manifests));
    Report report(options);
    Failures failures;
    // One document is all or nothing by itself.
    const bool rehearses = manifests.size() > 1 && options.dry_run == "none";
    for (size_t i = 0; rehearses && i < manifests.size(); ++i) failures.add_if(rehearse_one(client, options, manifests[i]));
    if (failures.any()) return failures.outcome();
    for (const auto& manifest : manifests) failures.add_if(apply_one(client, options, manifest, report));
    if (options.prune && !failures.any()) failures.add_if(prune_the_rest(client, options, manifests, report));
    TRY_VOID(report.finish());
    return failures.outcome();
}

Result<void> create_from_files(Client& client, const Options& options) {
    TRY(auto manifests, read_manifests(options));
    Report report(options);
    Failures failures;
    for (const auto& manifest : manifests)
        if (!manifest.name.empty()) failures.add_if(check_new(manifest));  // generateName is completed by the server
    if (failures.any()) return failures.outcome();
    for (const auto& manifest : manifests) failures.add_if(create_one(client, options, manifest, report));
    TRY_VOID(report.finish());
    return failures.outcome();
}

Result<void> create_object(Client& client, const Options& options, Manifest manifest) {
    Report report(options);
    auto done = create_one(client, options, manifest, report);
    // kubectl says what it was about to make.
    if (!done && done.error().is_answer() && done.error().code() != Code::invalid)
        return Error(done.error().code(),
                     fmt::format("error: failed to create {}: {}", manifest.kind->singular, done.error().message()));
    TRY_VOID(std::move(done));
    return report.finish();
}

}  // namespace orilla::cli

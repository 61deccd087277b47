// apply and create: what works on manifests.
#include <boost/json.hpp>

#include "manifests.hpp"
#include "orilla/api/patch.hpp"
#include "output.hpp"
#include "verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr std::string_view last_applied = "kubectl.kubernetes.io/last-applied-configuration";
constexpr int apply_conflicts_max = 5;

std::string write_query(const Options& options, std::string_view manager) {
    std::string out = "?fieldManager=" + std::string(manager);
    out += "&fieldValidation=" + std::string(options.validate == "false" || options.validate == "ignore" ? "Ignore"
                                             : options.validate == "warn"                                ? "Warn"
                                                                                                         : "Strict");
    if (options.dry_run == "server") out += "&dryRun=All";
    return out;
}

std::string dry_run_suffix(const Options& options) {
    if (options.dry_run == "client") return " (dry run)";
    return options.dry_run == "server" ? " (server dry run)" : "";
}

/// What was done, or the object, as -o says.
Result<void> report(const Options& options, const Manifest& manifest, const std::string& done, const std::string& body) {
    if (options.output == "name") {
        print(display_name(*manifest.kind, manifest.name) + "\n");
    } else if (!options.output.empty()) {
        TRY(std::string text, render_object(body, options));
        print(text);
    } else {
        print(display_name(*manifest.kind, manifest.name) + " " + done + dry_run_suffix(options) + "\n");
    }
    return ok();
}

/// The document with the annotation that the next apply compares with.
json::object with_last_applied(const Manifest& manifest) {
    json::object object = manifest.object;
    json::object config = manifest.object;
    if (json::value* metadata = config.if_contains("metadata"); metadata && metadata->is_object())
        if (json::value* annotations = metadata->get_object().if_contains("annotations"); annotations && annotations->is_object())
            annotations->get_object().erase(last_applied);
    auto& metadata = object["metadata"].emplace_object() = object_at(manifest.object, "metadata");
    json::object annotations = object_at(metadata, "annotations");
    annotations[last_applied] = json::serialize(config) + "\n";
    metadata["annotations"] = std::move(annotations);
    return object;
}

Result<void> create_applied(Client& client, const Options& options, const Manifest& manifest) {
    Request request;
    request.method = "POST";
    request.path = path_of(*manifest.kind, manifest.ns) + write_query(options, "kubectl-client-side-apply");
    request.body = json::serialize(with_last_applied(manifest));
    auto body = client.send(request);
    if (!body) return manifest.document.located(body.error());
    return report(options, manifest, "created", *body);
}

Result<std::string> plan_patch(const Manifest& manifest, const std::string& live) {
    TRY(json::object found, parse_object(live));
    const std::string before = text_at(object_at(object_at(found, "metadata"), "annotations"), last_applied);
    return api::make_three_way_patch(before.empty() ? "{}" : before, json::serialize(with_last_applied(manifest)), live,
                                     *manifest.kind->type);
}

Result<void> apply_one(Client& client, const Options& options, const Manifest& manifest) {
    Request get;
    get.path = path_of(*manifest.kind, manifest.ns, manifest.name);
    for (int attempt = 0;; ++attempt) {
        auto live = client.send(get);
        if (!live && live.error().code() == Code::not_found) return create_applied(client, options, manifest);
        if (!live) return std::move(live).error();
        TRY(std::string patch, plan_patch(manifest, *live));
        if (patch == "{}") return report(options, manifest, "unchanged", *live);
        Request request;
        request.method = "PATCH";
        request.path = get.path + write_query(options, "kubectl-client-side-apply");
        request.content_type = "application/strategic-merge-patch+json";
        request.body = std::move(patch);
        auto body = client.send(request);
        if (!body && body.error().code() == Code::conflict && attempt < apply_conflicts_max) continue;
        if (!body) return manifest.document.located(body.error());
        return report(options, manifest, "configured", *body);
    }
}

Result<void> create_one(Client& client, const Options& options, const Manifest& manifest) {
    Request request;
    request.method = "POST";
    request.path = path_of(*manifest.kind, manifest.ns) + write_query(options, "kubectl-create");
    request.body = json::serialize(manifest.object);
    auto body = client.send(request);
    if (!body && manifest.document.source.empty()) return std::move(body).error();  // made by hand: no line to name
    if (!body) return manifest.document.located(body.error());
    TRY(json::object made, parse_object(*body));
    Manifest named = manifest;
    named.name = text_at(object_at(made, "metadata"), "name");  // generateName gave it one
    return report(options, named, "created", *body);
}

}  // namespace

Result<void> run_apply(Client& client, const Options& options) {
    if (options.files.empty()) return Error(Code::bad_request, "error: must specify one of -f and -k");
    // All documents are checked before the first one changes anything.
    TRY(auto manifests, read_manifests(options));
    for (const auto& manifest : manifests) {
        if (manifest.name.empty())
            return Error(Code::bad_request, manifest.document.source + ":" + std::to_string(manifest.document.line) +
                                                ": error: resource name may not be empty");
        if (options.dry_run == "client") TRY_VOID(report(options, manifest, "configured", json::serialize(manifest.object)));
        else TRY_VOID(apply_one(client, options, manifest));
    }
    return ok();
}

Result<void> create_from_files(Client& client, const Options& options) {
    TRY(auto manifests, read_manifests(options));
    for (const auto& manifest : manifests) {
        if (options.dry_run == "client") TRY_VOID(report(options, manifest, "created", json::serialize(manifest.object)));
        else TRY_VOID(create_one(client, options, manifest));
    }
    return ok();
}

Result<void> create_object(Client& client, const Options& options, Manifest manifest) {
    if (options.dry_run == "client") return report(options, manifest, "created", json::serialize(manifest.object));
    return create_one(client, options, manifest);
}

}  // namespace orilla::cli

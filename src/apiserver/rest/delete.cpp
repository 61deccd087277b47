#include "rest/delete.hpp"

#include <fmt/core.h>

#include "list_page.hpp"
#include "orilla/kinds/kind_rules.hpp"
#include "orilla/kinds/versions.hpp"
#include "orilla/schema/field_errors.hpp"
#include "orilla/schema/protobuf.hpp"
#include "request/body.hpp"
#include "request/status.hpp"
#include "request/write_options.hpp"
#include "rest/read.hpp"
#include "rest/rest.hpp"
#include "rest/selection.hpp"

namespace orilla::apiserver {

namespace {
Error invalid_delete_option(std::string_view field, std::string_view reason, std::string message) {
    Cause cause{std::string(reason), std::move(message), std::string(field)};
    return api::make_invalid_error("meta.k8s.io", "DeleteOptions", "", {std::move(cause)});
}

Result<objects::Propagation> parse_propagation(std::string_view text) {
    if (text.empty()) return objects::Propagation::unset;
    if (text == "Background") return objects::Propagation::background;
    if (text == "Foreground") return objects::Propagation::foreground;
    if (text == "Orphan") return objects::Propagation::orphan;
    const std::string message =
        fmt::format("Unsupported value: \"{}\": supported values: \"Foreground\", \"Background\", \"Orphan\"", text);
    return invalid_delete_option("propagationPolicy", "FieldValueNotSupported", message);
}

Result<void> take_query(const http::Query& query, api::DeleteOptions& options) {
    TRY(const auto grace, query.number("gracePeriodSeconds"));
    if (grace) options.grace_period_seconds = *grace;
    if (const auto policy = query.get("propagationPolicy"); !policy.empty())
        options.propagation_policy = api::Opt<api::Str>(policy);
    if (query.has("orphanDependents")) {
        TRY(const bool orphan, query.flag("orphanDependents"));
        options.orphan_dependents = orphan;
    }
    return ok();
}

}  // namespace

Result<objects::DeleteOptions> check_delete_options(const ResourceRequest& request, const api::DeleteOptions& options) {
    objects::DeleteOptions out;
    TRY(out.context, parse_write_context(request));
    if (options.ignore_store_read_error_with_cluster_breaking_potential.value_or(false))
        return invalid_delete_option("ignoreStoreReadErrorWithClusterBreakingPotential", "FieldValueForbidden",
                                     "Forbidden: objects that cannot be read are not deleted by this server");
    if (options.grace_period_seconds) out.grace_period_seconds = *options.grace_period_seconds;
    if (options.propagation_policy && options.orphan_dependents)
        return invalid_delete_option("propagationPolicy", "FieldValueInvalid",
                                     "Invalid value: orphanDependents and deletionPropagation cannot be both set");
    TRY(out.propagation, parse_propagation(options.propagation_policy.value_or("")));
    if (options.orphan_dependents)
        out.propagation = *options.orphan_dependents ? objects::Propagation::orphan : objects::Propagation::background;
    if (options.preconditions) {
        out.uid = options.preconditions->uid.value_or("");
        out.resource_version = options.preconditions->resource_version.value_or("");
    }
    for (const api::Str& value : options.dry_run) {
        if (value != "All")
            return invalid_delete_option("dryRun", "FieldValueNotSupported",
                                         fmt::format("Unsupported value: \"{}\": supported values: \"All\"", value));
        out.context.dry_run = true;
    }
    return out;
}

namespace {
/// From the body, which may be absent, and the query, which may say the same.
Result<objects::DeleteOptions> parse_delete_options(Rest& rest, const ResourceRequest& request) {
    api::DeleteOptions options;
    if (!request.http.body.empty()) {
        TRY(const auto json, body_as_json(rest.kinds(), request.http, api::type_info<api::DeleteOptions>()));
        api::DecodeReport report;
        TRY(options, api::decode<api::DeleteOptions>(json, &report));
        if (!report.kind.empty() && report.kind != api::type_info<api::DeleteOptions>().name)
            return Error(Code::bad_request, "the body of a DELETE must be DeleteOptions, not " + report.kind);
    }
    TRY_VOID(take_query(request.info.query, options));
    return check_delete_options(request, options);
}

StatusDetails details_of(const ResourceRequest& request, const api::ObjectMeta& meta) {
    return {meta.name, request.kind.group, request.kind.plural, meta.uid};
}
}  // namespace

Task<Result<http::Response>> delete_item(Rest& rest, const ResourceRequest& request) {
    auto options = parse_delete_options(rest, request);
    if (!options) co_return std::move(options).error();
    CO_TRY(auto removed, rest.objects.remove(api::stored_version(request.kind), request.info.ns, request.info.name, *options));
    const bool with_object = removed.still_exists || request.kind.rules->shows_deleted;
    if (with_object) co_return render_stored(rest, request, removed.last, 200);
    co_return success_response(200, details_of(request, removed.last.object->meta()));
}

Task<Result<http::Response>> delete_collection(Rest& rest, const ResourceRequest& request) {
    auto options = parse_delete_options(rest, request);
    if (!options) co_return std::move(options).error();
    auto wanted = parse_list_options(request.info.query);
    if (!wanted) co_return std::move(wanted).error();
    auto selection = Selection::parse(request.info.query, request.kind, {});
    if (!selection) co_return std::move(selection).error();
    // What comes into the collection meanwhile is not in the page, and stays.
    CO_TRY(auto page, choose_page(rest, request, *wanted, *selection));
    if (page.refusal) co_return std::move(*page.refusal);
    objects::Objects::Match match = [chosen = *selection](const api::Object& object) {
        const bool named = chosen.name().empty() || object.meta().name == chosen.name();
        return named && chosen.matches(object);
    };
    CO_TRY(auto removed, rest.objects.remove_members(api::stored_version(request.kind), std::move(page.listing.entries),
                                                     std::move(match), *options));
    if (!removed.whole()) {
        const StatusDetails details{"", request.kind.group, request.kind.plural, ""};
        co_return success_response(200, details);
    }
    page.listing.entries = std::move(removed.last);
    page.listing.revision = rest.store().revision();
    CO_RETURN_AWAIT(render_page(rest, request, std::move(page)));
}

}  // namespace orilla::apiserver

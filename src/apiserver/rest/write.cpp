#include "rest/write.hpp"

#include <fmt/core.h>

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/versions.hpp"
#include "orilla/objects/decoding.hpp"
#include "orilla/schema/patch.hpp"
#include "request/body.hpp"
#include "request/large_work.hpp"
#include "request/write_options.hpp"
#include "rest/read.hpp"
#include "rest/rest.hpp"

namespace orilla::apiserver {

namespace {
constexpr int patch_attempts_max = 16;  ///< while others write in between

struct WriteRequest {
    FieldValidation validation = FieldValidation::warn;
    objects::WriteContext context;
};

Result<WriteRequest> parse_write_request(const ResourceRequest& request) {
    WriteRequest write;
    TRY(write.validation, parse_field_validation(request.info.query, request.http.method));
    TRY(write.context, parse_write_context(request));
    return write;
}

struct DecodedBody {
    api::Object object;
    api::DecodeReport report;
};

/// The body as an object of the request's kind, in the request's namespace.
Task<Result<DecodedBody>> decode_body(Rest& rest, const ResourceRequest& request, FieldValidation validation) {
    CO_TRY(const auto json, read_body(rest.large_work(), rest.kinds(), request.http, *request.kind.type));
    if (json.empty()) co_return Error(Code::bad_request, "the request has no body");
    api::DecodeReport report;
    CO_TRY(auto object, objects::decode_in_turns(rest.loop, request.kind, json, &report));
    CO_CHECK_VOID(check_fields(validation, report));
    DecodedBody body{std::move(object), std::move(report)};
    api::ObjectMeta& meta = body.object.meta();
    if (!request.kind.namespaced) co_return body;
    if (!meta.namespace_.empty() && meta.namespace_ != request.info.ns)
        co_return Error(Code::bad_request,
                        "the namespace of the provided object does not match the namespace sent on the request");
    meta.namespace_ = api::Str(request.info.ns);
    co_return body;
}

Result<http::Response> answer(Rest& rest, const ResourceRequest& request, const objects::Stored& stored, int status,
                              FieldValidation validation, const api::DecodeReport& report) {
    note_warnings(request, validation, report);
    return render_stored(rest, request, stored, status);
}

// ---- patches ---------------------------------------------------------------------------------------------------------

enum class PatchType { json, merge, strategic };

Result<PatchType> parse_patch_type(const http::Request& request) {
    const MediaType type = parse_media_type(request.header("content-type"));
    if (type.type == "application/json-patch+json") return PatchType::json;
    if (type.type == "application/merge-patch+json") return PatchType::merge;
    if (type.type == "application/strategic-merge-patch+json") return PatchType::strategic;
    std::string message =
        "the body of the request was in an unknown format - accepted media types include: "
        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json";
    if (type.type == "application/apply-patch+yaml")
        message += "; server-side apply is not served: use kubectl apply without --server-side";
    return Error(Code::unsupported_media_type, message);
}

Result<std::string> apply_patch(PatchType type, std::string_view document, std::string_view patch,
                                const api::TypeInfo& schema) {
    switch (type) {
        case PatchType::json: return api::apply_json_patch(document, patch);
        case PatchType::merge: return api::apply_merge_patch(document, patch);
        case PatchType::strategic: break;
    }
    return api::apply_strategic_patch(document, patch, schema);
}

/// `duplicate field ...` for keys that the patch itself has twice: of those only the last is applied, so that what comes out
/// tells nothing of them. It is read as an object of the kind, as far as that goes; directives do not end it.
Task<std::vector<api::FieldProblem>> find_duplicates(Rest& rest, PatchType type, const api::KindInfo& kind,
                                                     std::string_view patch) {
    if (type == PatchType::json) co_return std::vector<api::FieldProblem>();
    api::DecodeReport report;
    auto reading = objects::decode_in_turns(rest.loop, kind, patch, &report);
    (void)(co_await std::move(reading)).has_value();
    std::erase_if(report.field_problems, [](const api::FieldProblem& problem) { return !problem.is_duplicate; });
    co_return std::move(report.field_problems);
}

/// What a patch makes of one revision of an object.
struct Patched {
    api::Object object;
    api::DecodeReport report;
};

/// Of the object as it would be printed now, whatever version of us stored it.
Task<Result<std::string>> patch_text(Rest& rest, PatchType type, objects::ObjectPtr object, std::string_view patch) {
    const api::TypeInfo& schema = *object->kind().type;
    std::string document = api::encode(*object);
    if (document.size() + patch.size() <= patched_at_once_bytes_max) co_return apply_patch(type, document, patch, schema);
    // The thread may still be at it when the request has gone and the kind was removed.
    auto work = [type, document = std::move(document), text = std::string(patch), kept = api::KindRef(object->kind())] {
        return apply_patch(type, document, text, *kept->type);
    };
    CO_RETURN_AWAIT(run_long(rest.large_work(), std::move(work)));
}

Task<Result<Patched>> patch_object(Rest& rest, const ResourceRequest& request, PatchType type, objects::ObjectPtr object) {
    CO_TRY(const auto text, patch_text(rest, type, std::move(object), request.http.body));
    api::DecodeReport report;
    CO_TRY(auto changed, objects::decode_in_turns(rest.loop, request.kind, text, &report));
    AWAIT(const auto duplicates, find_duplicates(rest, type, request.kind, request.http.body));
    report.field_problems.insert(report.field_problems.begin(), duplicates.begin(), duplicates.end());
    co_return Patched{std::move(changed), std::move(report)};
}

/// Puts what was made of one revision in that revision's place; for any other it is to be made anew.
struct PatchOfRevision {
    std::shared_ptr<Patched> patched;
    store::EntryPtr entry;
    std::shared_ptr<bool> outdated;

    Result<void> operator()(api::Object& object) const {
        const std::string revision = object.meta().resource_version.str();
        *outdated = revision != std::to_string(entry->revision);
        if (*outdated) return store::conflict_error(entry->key);
        api::Object changed = api::to_stored(patched->object.clone());
        // Where the patch takes the namespace away, that of the request is put back.
        if (changed.meta().namespace_.empty()) changed.meta().namespace_ = object.meta().namespace_;
        TRY_VOID(check_identity(object.meta(), changed.meta()));
        object = std::move(changed);
        return ok();
    }
    static Result<void> check_identity(const api::ObjectMeta& before, const api::ObjectMeta& after) {
        if (before.name == after.name && before.namespace_ == after.namespace_) return ok();
        return Error(Code::bad_request, "a patch cannot change metadata.name or metadata.namespace");
    }
};
}  // namespace

/// A body without a name is no shorter way to say it: what was forgotten with it would be taken from the object.
Result<void> check_body_name(const ResourceRequest& request, std::string_view name) {
    if (name == request.info.name) return ok();
    if (name.empty())
        return Error(Code::bad_request,
                     fmt::format("the name of the object ({} based on URL) was undeterminable: name must be provided",
                                 request.info.name));
    return Error(Code::bad_request,
                 fmt::format("the name of the object ({}) does not match the name on the URL ({})", name, request.info.name));
}

Task<Result<http::Response>> create_item(Rest& rest, const ResourceRequest& request) {
    auto write = parse_write_request(request);
    if (!write) co_return std::move(write).error();
    AWAIT(auto body, decode_body(rest, request, write->validation));
    if (!body) co_return std::move(body).error();
    if (!request.info.name.empty())
        co_return Error(Code::method_not_allowed, "the server does not allow this method on the requested resource");
    CO_TRY(auto stored, rest.objects.create(api::to_stored(std::move(body->object)), write->context));
    co_return answer(rest, request, stored, 201, write->validation, body->report);
}

Task<Result<http::Response>> update_item(Rest& rest, const ResourceRequest& request, objects::Part part) {
    auto write = parse_write_request(request);
    if (!write) co_return std::move(write).error();
    AWAIT(auto body, decode_body(rest, request, write->validation));
    if (!body) co_return std::move(body).error();
    if (auto named = check_body_name(request, body->object.meta().name); !named) co_return std::move(named).error();
    CO_TRY(auto stored,
           rest.objects.update(api::to_stored(std::move(body->object)), part, write->context, objects::WhenMissing::create));
    co_return answer(rest, request, stored, stored.created ? 201 : 200, write->validation, body->report);
}

Task<Result<http::Response>> patch_item(Rest& rest, const ResourceRequest& request, objects::Part part) {
    auto write = parse_write_request(request);
    if (!write) co_return std::move(write).error();
    auto type = parse_patch_type(request.http);
    if (!type) co_return std::move(type).error();
    for (int attempt = 0;; ++attempt) {
        CO_TRY(auto before, rest.objects.read(request.kind, request.info.ns, request.info.name));
        CO_TRY(auto made, patch_object(rest, request, *type, before.object));
        if (auto checked = check_fields(write->validation, made.report); !checked) co_return std::move(checked).error();
        auto patched = std::make_shared<Patched>(std::move(made));
        auto outdated = std::make_shared<bool>(false);
        objects::Objects::Change change = PatchOfRevision{patched, before.entry, outdated};
        AWAIT(auto stored, rest.objects.modify(api::stored_version(request.kind), request.info.ns, request.info.name,
                                               std::move(change), part, write->context));
        if (stored) co_return answer(rest, request, *stored, 200, write->validation, patched->report);
        if (!*outdated || attempt == patch_attempts_max) co_return std::move(stored).error();
    }
}

}  // namespace orilla::apiserver

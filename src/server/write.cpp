// POST, PUT and PATCH. What may be written and how it is completed is the store's business (store::Objects); here the
// request becomes one typed object and the outcome an answer.
#include "orilla/api/patch.hpp"
#include "rest.hpp"

namespace orilla::server {

namespace {
struct WriteRequest {
    FieldValidation validation = FieldValidation::warn;
    store::WriteOptions options;
};

Result<WriteRequest> parse_write_request(const ResourceRequest& request) {
    WriteRequest write;
    TRY(write.validation, parse_field_validation(request.query, request.http.method));
    TRY(write.options.dry_run, parse_dry_run(request.query, request.http.method));
    return write;
}

struct DecodedBody {
    api::Object object;
    api::DecodeReport report;
};

/// The body as an object of the request's kind, in the request's namespace.
Result<DecodedBody> decode_body(const ResourceRequest& request, FieldValidation validation) {
    DecodedBody body;
    TRY(const auto json, body_as_json(request.http, *request.kind.type));
    if (json.empty()) return Error(Code::bad_request, "the request has no body");
    TRY(body.object, api::decode_object(request.kind, json, &body.report));
    TRY_VOID(check_fields(validation, body.report));
    api::ObjectMeta& meta = body.object.meta();
    if (!request.kind.namespaced) return body;
    if (!meta.namespace_.empty() && meta.namespace_ != request.path.ns)
        return Error(Code::bad_request, "the namespace of the provided object does not match the namespace sent on the request");
    meta.namespace_ = api::Str(request.path.ns);
    return body;
}

Result<void> check_body_name(const ResourceRequest& request, api::ObjectMeta& meta) {
    if (meta.name.empty()) meta.name = api::Str(request.path.name);
    if (meta.name == request.path.name) return ok();
    return Error(Code::bad_request, "the name of the object (" + meta.name.str() + ") does not match the name on the URL (" +
                                        request.path.name + ")");
}

Result<Response> answer(Rest& rest, const ResourceRequest& request, const store::Stored& stored, int status,
                        FieldValidation validation, const api::DecodeReport& report) {
    TRY(auto response, render_stored(rest, request, stored, status));
    add_warnings(response, validation, report);
    return response;
}

// ---- patches ---------------------------------------------------------------------------------------------------------

enum class PatchType { json, merge, strategic };

Result<PatchType> parse_patch_type(const Request& request) {
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
std::vector<std::string> find_duplicates(PatchType type, const api::KindInfo& kind, std::string_view patch) {
    if (type == PatchType::json) return {};
    api::DecodeReport report;
    (void)api::decode_object(kind, patch, &report);
    std::erase_if(report.field_problems, [](const std::string& problem) { return !problem.starts_with("duplicate "); });
    return std::move(report.field_problems);
}

/// One attempt: called by Objects::modify with the latest state, as often as others write in between.
struct Patcher {
    const ResourceRequest& request;
    PatchType type;
    FieldValidation validation;
    std::shared_ptr<api::DecodeReport> report;

    Result<void> operator()(api::Object& object) const {
        *report = {};
        TRY(const auto patched,
            apply_patch(type, api::encode(object), request.http.body, *request.kind.type));
        TRY(auto changed, api::decode_object(request.kind, patched, report.get()));
        auto& problems = report->field_problems;
        const auto duplicates = find_duplicates(type, request.kind, request.http.body);
        problems.insert(problems.begin(), duplicates.begin(), duplicates.end());
        TRY_VOID(check_fields(validation, *report));
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

Task<Result<Response>> create_item(Rest& rest, const ResourceRequest& request) {
    auto write = parse_write_request(request);
    if (!write) co_return std::move(write).error();
    auto body = decode_body(request, write->validation);
    if (!body) co_return std::move(body).error();
    if (!request.path.name.empty())
        co_return Error(Code::method_not_allowed, "the server does not allow this method on the requested resource");
    CO_TRY(auto stored, rest.objects.create(std::move(body->object), write->options));
    co_return answer(rest, request, stored, 201, write->validation, body->report);
}

Task<Result<Response>> update_item(Rest& rest, const ResourceRequest& request, store::Part part) {
    auto write = parse_write_request(request);
    if (!write) co_return std::move(write).error();
    auto body = decode_body(request, write->validation);
    if (!body) co_return std::move(body).error();
    if (auto named = check_body_name(request, body->object.meta()); !named) co_return std::move(named).error();
    write->options.creates = true;
    CO_TRY(auto stored, rest.objects.update(std::move(body->object), part, write->options));
    co_return answer(rest, request, stored, stored.created ? 201 : 200, write->validation, body->report);
}

Task<Result<Response>> patch_item(Rest& rest, const ResourceRequest& request, store::Part part) {
    auto write = parse_write_request(request);
    if (!write) co_return std::move(write).error();
    auto type = parse_patch_type(request.http);
    if (!type) co_return std::move(type).error();
    auto report = std::make_shared<api::DecodeReport>();
    store::Objects::Change change = Patcher{request, *type, write->validation, report};
    CO_TRY(auto stored, rest.objects.modify(request.kind, request.path.ns, request.path.name, std::move(change), part,
                                            write->options));
    co_return answer(rest, request, stored, 200, write->validation, *report);
}

}  // namespace orilla::server

#include "rest/scale.hpp"

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/scale.hpp"
#include "orilla/schema/patch.hpp"
#include "request/body.hpp"
#include "request/write_options.hpp"
#include "rest/rest.hpp"
#include "rest/write.hpp"

namespace orilla::apiserver {

namespace {
Result<http::Response> render_scale(const objects::Stored& stored) {
    TRY(const auto scale, api::scale_of(*stored.object, std::to_string(stored.entry->revision)));
    return http::Response(200, "application/json", api::encode(scale));
}

struct ScaleUpdate {
    api::Scale scale;
    Result<void> operator()(api::Object& object) const { return api::take_scale(scale, object); }
};

struct ScalePatch {
    const ResourceRequest& request;
    Result<void> operator()(api::Object& object) const {
        const std::string revision = object.meta().resource_version.str();
        TRY(const auto before, api::scale_of(object, revision));
        const std::string_view type = parse_media_type(request.http.header("content-type")).type;
        // Scale has no lists: the strategic patch is the merge patch here.
        const std::string document = api::encode(before);
        const bool is_json_patch = type == "application/json-patch+json";
        TRY(const auto patched, is_json_patch ? api::apply_json_patch(document, request.http.body)
                                              : api::apply_merge_patch(document, request.http.body));
        api::DecodeReport report;
        TRY(auto after, api::decode<api::Scale>(patched, &report));
        TRY(const auto validation, parse_field_validation(request.info.query, request.http.method));
        TRY_VOID(check_fields(validation, report));
        if (after.metadata.resource_version == revision) after.metadata.resource_version = api::Str();
        return api::take_scale(after, object);
    }
};
}  // namespace

Task<Result<http::Response>> get_scale(Rest& rest, const ResourceRequest& request) {
    CO_TRY(auto stored, rest.objects.read(request.kind, request.info.ns, request.info.name));
    co_return render_scale(stored);
}

Task<Result<http::Response>> update_scale(Rest& rest, const ResourceRequest& request) {
    CO_CHECK(const objects::WriteContext context, parse_write_context(request));
    auto validation = parse_field_validation(request.info.query, request.http.method);
    if (!validation) co_return std::move(validation).error();
    auto json = body_as_json(rest.kinds(), request.http, api::type_info<api::Scale>());
    if (!json) co_return std::move(json).error();
    api::DecodeReport report;
    auto scale = api::decode<api::Scale>(*json, &report);
    if (!scale) co_return std::move(scale).error();
    if (auto named = check_body_name(request, scale->metadata.name.view()); !named) co_return std::move(named).error();
    if (auto checked = check_fields(*validation, report); !checked) co_return std::move(checked).error();
    objects::Objects::Change change = ScaleUpdate{std::move(*scale)};
    CO_TRY(auto stored, rest.objects.modify(request.kind, request.info.ns, request.info.name, std::move(change),
                                            objects::Part::main, context));
    co_return render_scale(stored);
}

Task<Result<http::Response>> patch_scale(Rest& rest, const ResourceRequest& request) {
    CO_CHECK(const objects::WriteContext context, parse_write_context(request));
    const std::string_view type = parse_media_type(request.http.header("content-type")).type;
    if (type != "application/json-patch+json" && type != "application/merge-patch+json" &&
        type != "application/strategic-merge-patch+json")
        co_return Error(Code::unsupported_media_type,
                        "the body of the request was in an unknown format - accepted media types include: "
                        "application/json-patch+json, application/merge-patch+json, application/strategic-merge-patch+json");
    objects::Objects::Change change = ScalePatch{request};
    CO_TRY(auto stored, rest.objects.modify(request.kind, request.info.ns, request.info.name, std::move(change),
                                            objects::Part::main, context));
    co_return render_scale(stored);
}

}  // namespace orilla::apiserver

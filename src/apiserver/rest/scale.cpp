#include "rest/scale.hpp"

#include <fmt/core.h>

#include <optional>

#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/selectors.hpp"
#include "orilla/schema/field_errors.hpp"
#include "orilla/schema/patch.hpp"
#include "request/body.hpp"
#include "request/write_options.hpp"
#include "rest/rest.hpp"
#include "rest/write.hpp"

namespace orilla::apiserver {

namespace {
/// What Scale shows of a kind that has replicas.
struct Scalable {
    api::Opt<int32_t>* replicas;
    int32_t current;
    std::string selector;
};

/// The field at a path of the object, of the form that a Scale can show; null when the kind has no such one.
template <class T>
T* field_at(api::Object& object, std::string_view path, api::Shape shape, const api::TypeInfo& type) {
    const auto [field, in] = api::find_place(object.type_info(), object.data(), path);
    if (field == nullptr || field->shape != shape || field->type != &type) return nullptr;
    return static_cast<T*>(field->in(in));
}

/// A LabelSelector, or the plain map of older kinds; nothing when it is neither.
Result<std::optional<std::string>> selector_at(api::Object& object, std::string_view path) {
    using Labels = api::Map<api::Str>;
    if (const auto* labels = field_at<Labels>(object, path, api::Shape::map, api::type_info<api::Str>()))
        return std::optional(api::Selector::from_labels(*labels).to_string());
    const auto* whole =
        field_at<api::Box<api::LabelSelector>>(object, path, api::Shape::box, api::type_info<api::LabelSelector>());
    if (!whole) return std::optional<std::string>();
    TRY(const auto selector, api::selector_of(*whole));
    return std::optional(selector.to_string());
}

Result<Scalable> scalable(api::Object& object) {
    const api::ScalePaths& paths = object.kind().scale;
    const auto& number = api::type_info<int32_t>();
    auto* replicas = field_at<api::Opt<int32_t>>(object, paths.replicas, api::Shape::opt, number);
    auto* current = field_at<int32_t>(object, paths.current, api::Shape::plain, number);
    TRY(auto selector, selector_at(object, paths.selector));
    if (replicas && current && selector) return Scalable{replicas, *current, std::move(*selector)};
    return Error(Code::method_not_allowed, std::string(object.kind().resource) + " cannot be scaled");
}

Result<api::Scale> scale_of(const api::Object& object, std::string_view revision) {
    api::Object copy = object.clone();
    TRY(const auto parts, scalable(copy));
    api::Scale scale;
    const api::ObjectMeta& meta = object.meta();
    scale.metadata.name = meta.name;
    scale.metadata.namespace_ = meta.namespace_;
    scale.metadata.uid = meta.uid;
    scale.metadata.creation_timestamp = meta.creation_timestamp;
    scale.metadata.resource_version = api::Str(revision);
    scale.spec.replicas = parts.replicas->value_or(1);
    scale.status.replicas = parts.current;
    scale.status.selector = api::Str(parts.selector);
    return scale;
}

Result<http::Response> render_scale(const objects::Stored& stored) {
    TRY(const auto scale, scale_of(*stored.object, std::to_string(stored.entry->revision)));
    return http::Response(200, "application/json", api::encode(scale));
}

/// Writes what the Scale asks for into the object; its resourceVersion and uid are preconditions.
Result<void> take_scale(const api::Scale& scale, api::Object& object) {
    if (scale.spec.replicas < 0) {
        const std::string message = fmt::format("Invalid value: {}: must be greater than or equal to 0", scale.spec.replicas);
        Cause cause{"FieldValueInvalid", message, "spec.replicas"};
        return api::make_invalid_error("autoscaling", "Scale", object.meta().name, {std::move(cause)});
    }
    TRY(const auto parts, scalable(object));
    *parts.replicas = scale.spec.replicas;
    object.meta().resource_version = scale.metadata.resource_version;
    if (!scale.metadata.uid.empty()) object.meta().uid = scale.metadata.uid;
    return ok();
}

struct ScaleUpdate {
    api::Scale scale;
    Result<void> operator()(api::Object& object) const { return take_scale(scale, object); }
};

struct ScalePatch {
    const ResourceRequest& request;
    Result<void> operator()(api::Object& object) const {
        const std::string revision = object.meta().resource_version.str();
        TRY(const auto before, scale_of(object, revision));
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
        return take_scale(after, object);
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

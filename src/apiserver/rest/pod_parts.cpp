#include "rest/pod_parts.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "orilla/schema/codec.hpp"
#include "orilla/schema/field_errors.hpp"
#include "orilla/schema/values.hpp"
#include "request/body.hpp"
#include "request/status.hpp"
#include "request/write_options.hpp"
#include "rest/delete.hpp"
#include "rest/rest.hpp"

namespace orilla::apiserver {

namespace {
constexpr int64_t nanoseconds = 1'000'000'000;

/// A body of a type that is no served kind of its own.
template <class T>
Result<T> decode_part(Rest& rest, const ResourceRequest& request, std::string_view kind) {
    TRY(const auto validation, parse_field_validation(request.info.query, request.http.method));
    TRY(const auto json, body_as_json(rest.kinds(), request.http, api::type_info<T>()));
    api::DecodeReport report;
    TRY(auto value, api::decode<T>(json, &report));
    if (!report.kind.empty() && report.kind != kind)
        return Error(Code::bad_request, fmt::format("the body must be a {}, not a {}", kind, report.kind));
    TRY_VOID(check_fields(validation, report));
    const std::string_view name = value.metadata.name;
    if (!name.empty() && name != request.info.name)
        return Error(Code::bad_request, fmt::format("name in URL does not match name in {} object", kind));
    return value;
}

Error invalid_part(std::string_view kind, std::string_view name, std::string_view field, std::string_view reason,
                   std::string message) {
    Cause cause{std::string(reason), std::move(message), std::string(field)};
    return api::make_invalid_error("", kind, name, {std::move(cause)});
}

Result<void> check_target(const ResourceRequest& request, const api::Binding& binding) {
    const api::Str& kind = binding.target.kind;
    if (binding.target.name.empty())
        return invalid_part("Binding", request.info.name, "target.name", "FieldValueRequired", "Required value");
    if (kind.empty() || kind == api::kind_of<api::Node>().kind) return ok();
    return invalid_part("Binding", request.info.name, "target.kind", "FieldValueNotSupported",
                        fmt::format("Unsupported value: \"{}\": supported values: \"Node\"", kind));
}

// ---- log -------------------------------------------------------------------------------------------------------------

std::vector<std::string_view> container_names(const api::Pod& pod) {
    std::vector<std::string_view> names;
    for (const auto& container : pod.spec.containers) names.push_back(container.name);
    for (const auto& container : pod.spec.init_containers) names.push_back(container.name);
    return names;
}

Result<std::string> choose_container(const api::Pod& pod, std::string_view asked) {
    const auto names = container_names(pod);
    if (asked.empty() && pod.spec.containers.size() == 1) return pod.spec.containers[0].name.str();
    if (std::find(names.begin(), names.end(), asked) != names.end()) return std::string(asked);
    if (!asked.empty())
        return Error(Code::bad_request, fmt::format("container {} is not valid for pod {}", asked, pod.metadata.name));
    std::string choices;
    for (const auto name : names) choices += (choices.empty() ? "" : " ") + std::string(name);
    return Error(Code::bad_request,
                 fmt::format("a container name must be specified for pod {}, choose one of: [{}]", pod.metadata.name, choices));
}

Error bad_option(std::string_view field, std::string_view message) {
    return invalid_part("PodLogOptions", "", field, "FieldValueInvalid", "Invalid value: " + std::string(message));
}

Result<void> take_numbers(const http::Query& query, objects::LogRequest& log) {
    TRY(log.tail_lines, query.number("tailLines"));
    TRY(log.limit_bytes, query.number("limitBytes"));
    if (log.tail_lines.value_or(0) < 0) return bad_option("tailLines", "must be greater than or equal to 0");
    if (log.limit_bytes.value_or(1) < 1) return bad_option("limitBytes", "must be greater than 0");
    return ok();
}

Result<void> take_since(const http::Query& query, int64_t now_s, objects::LogRequest& log) {
    TRY(const auto seconds, query.number("sinceSeconds"));
    const std::string_view time = query.get("sinceTime");
    if (seconds && !time.empty())
        return bad_option("sinceSeconds", "at most one of sinceTime or sinceSeconds may be specified");
    if (seconds && *seconds < 1) return bad_option("sinceSeconds", "must be greater than 0");
    if (seconds) log.since_wall_ns = (now_s - std::min(*seconds, now_s)) * nanoseconds;
    if (time.empty()) return ok();
    auto parsed = api::MicroTime::parse(time);
    if (!parsed) return bad_option("sinceTime", "must be RFC 3339");
    log.since_wall_ns = parsed->unix_us * 1000;
    return ok();
}

Result<void> take_source(const http::Query& query, objects::LogRequest& log) {
    const std::string_view stream = query.get("stream");
    if (!query.has("stream") || stream == "All") return ok();
    if (stream != "Stdout" && stream != "Stderr") {
        const std::string message =
            fmt::format("Unsupported value: \"{}\": supported values: \"All\", \"Stderr\", \"Stdout\"", stream);
        return invalid_part("PodLogOptions", "", "stream", "FieldValueNotSupported", message);
    }
    if (log.tail_lines) {
        const std::string message = "Forbidden: `tailLines` and specific `stream` are mutually exclusive for now";
        return invalid_part("PodLogOptions", "", "", "FieldValueForbidden", message);
    }
    log.source = stream == "Stdout" ? objects::LogSource::standard_output : objects::LogSource::standard_error;
    return ok();
}

Result<objects::LogRequest> parse_log_request(const ResourceRequest& request, const api::Pod& pod, int64_t now_s) {
    objects::LogRequest log;
    log.ns = request.info.ns;
    log.pod = request.info.name;
    log.pod_uid = pod.metadata.uid.str();
    TRY(log.container, choose_container(pod, request.info.query.get("container")));
    TRY(log.follow, request.info.query.flag("follow"));
    TRY(log.previous, request.info.query.flag("previous"));
    TRY(log.timestamps, request.info.query.flag("timestamps"));
    TRY_VOID(take_numbers(request.info.query, log));
    TRY_VOID(take_since(request.info.query, now_s, log));
    TRY_VOID(take_source(request.info.query, log));
    return log;
}
}  // namespace

Task<Result<http::Response>> bind_pod(Rest& rest, const ResourceRequest& request) {
    auto binding = decode_part<api::Binding>(rest, request, "Binding");
    if (!binding) co_return std::move(binding).error();
    if (auto checked = check_target(request, *binding); !checked) co_return std::move(checked).error();
    CO_CHECK(const objects::WriteContext context, parse_write_context(request));
    if (!binding->metadata.uid.empty()) {
        CO_TRY(auto pod, rest.objects.read<api::Pod>(request.info.ns, request.info.name));
        if (pod->metadata.uid != binding->metadata.uid)
            co_return store::conflict_error(request.key(),
                                            fmt::format("Precondition failed: UID in precondition: {}, UID in object meta: {}",
                                                        binding->metadata.uid, pod->metadata.uid));
    }
    CO_TRY(auto bound, rest.objects.bind(request.info.ns, request.info.name, binding->target.name.str(), context));
    (void)bound;
    co_return success_response(201);
}

Task<Result<http::Response>> evict_pod(Rest& rest, const ResourceRequest& request) {
    auto eviction = decode_part<api::Eviction>(rest, request, "Eviction");
    if (!eviction) co_return std::move(eviction).error();
    auto options = check_delete_options(request, eviction->delete_options ? *eviction->delete_options : api::DeleteOptions());
    if (!options) co_return std::move(options).error();
    CO_TRY_VOID(rest.evictions.evict(request.info.ns, request.info.name, std::move(*options)));
    co_return success_response(201);
}

Task<Result<http::Response>> read_pod_log(Rest& rest, const ResourceRequest& request) {
    CO_TRY(auto pod, rest.objects.read<api::Pod>(request.info.ns, request.info.name));
    auto log = parse_log_request(request, *pod, rest.now_s());
    if (!log) co_return std::move(log).error();
    if (!rest.logs) co_return Error(Code::unavailable, "pods/log: this server has no node agent to read logs from");
    CO_TRY(auto stream, rest.logs->open(*log));
    http::Response response;
    response.content_type = "text/plain";
    response.is_watch = log->follow;
    response.stream = std::move(stream);
    co_return response;
}

}  // namespace orilla::apiserver

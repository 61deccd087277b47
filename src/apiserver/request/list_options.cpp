#include "request/list_options.hpp"

#include <fmt/core.h>
#include <charconv>

#include "orilla/schema/field_errors.hpp"

namespace orilla::apiserver {

namespace {
constexpr int64_t watch_timeout_s_max = 24 * 3600;

Error invalid_option(std::string_view field, std::string_view message) {
    Cause cause{"FieldValueForbidden", "Forbidden: " + std::string(message), std::string(field)};
    return api::make_invalid_error("meta.k8s.io", "ListOptions", "", {std::move(cause)});
}

Result<RevisionMatch> parse_match(const http::Query& query) {
    const std::string_view text = query.get("resourceVersionMatch");
    if (text.empty()) return RevisionMatch::unset;
    if (text == "Exact") return RevisionMatch::exact;
    if (text == "NotOlderThan") return RevisionMatch::not_older_than;
    const std::string message = fmt::format("Unsupported value: \"{}\": supported values: \"Exact\", \"NotOlderThan\"", text);
    Cause cause{"FieldValueNotSupported", message, "resourceVersionMatch"};
    return api::make_invalid_error("meta.k8s.io", "ListOptions", "", {std::move(cause)});
}
}  // namespace

Result<std::optional<uint64_t>> parse_revision(const http::Query& query) {
    const std::string_view text = query.get("resourceVersion");
    if (text.empty()) return std::optional<uint64_t>();
    uint64_t revision = 0;
    const auto parsed = std::from_chars(text.data(), text.data() + text.size(), revision);
    if (parsed.ec != std::errc() || parsed.ptr != text.data() + text.size())
        return Error(Code::bad_request, fmt::format("resourceVersion: Invalid value: \"{}\": must be a number", text));
    return std::optional<uint64_t>(revision);
}

Result<ListOptions> parse_list_options(const http::Query& query) {
    ListOptions options;
    TRY(options.revision, parse_revision(query));
    TRY(options.match, parse_match(query));
    TRY(const auto limit, query.number("limit"));
    options.limit = limit.value_or(0);
    if (options.match != RevisionMatch::unset && !options.revision)
        return invalid_option("resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided");
    if (options.match == RevisionMatch::exact && options.revision == 0)
        return invalid_option("resourceVersionMatch", "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\"");
    if (query.has("sendInitialEvents")) return invalid_option("sendInitialEvents", "sendInitialEvents is forbidden for list");
    options.token = query.get("continue");
    if (options.token.empty()) return options;
    if (options.match != RevisionMatch::unset)
        return invalid_option("resourceVersionMatch", "resourceVersionMatch is forbidden for continue");
    if (options.revision.value_or(0) != 0)
        return Error(Code::bad_request, "specifying resource version is not allowed when using continue");
    return options;
}

Result<WatchOptions> parse_watch_options(const http::Query& query) {
    WatchOptions options;
    TRY(options.revision, parse_revision(query));
    TRY(options.bookmarks, query.flag("allowWatchBookmarks"));
    TRY(options.send_initial_events, query.flag("sendInitialEvents"));
    TRY(const auto match, parse_match(query));
    if (match != RevisionMatch::unset && !query.has("sendInitialEvents"))
        return invalid_option("resourceVersionMatch",
                              "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided");
    if (query.has("sendInitialEvents") && match != RevisionMatch::not_older_than)
        return invalid_option("resourceVersionMatch",
                              "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan");
    if (query.has("sendInitialEvents")) options.initial_events = options.send_initial_events;
    else options.initial_events = options.revision.value_or(0) == 0;
    TRY(options.timeout_seconds, query.number("timeoutSeconds"));
    if (options.timeout_seconds && (*options.timeout_seconds <= 0 || *options.timeout_seconds > watch_timeout_s_max))
        options.timeout_seconds.reset();
    return options;
}

}  // namespace orilla::apiserver

// What the handlers of resources share: the rooms they reach, the request taken apart, and the renderings that several
// of them need. A handler is a coroutine that gives a Response or an Error; the router turns the Error into a Status.
#pragma once

#include <string>
#include <string_view>

#include "orilla/apiserver/ports.hpp"
#include "orilla/http/message.hpp"
#include "orilla/http/uri.hpp"
#include "orilla/kinds/object.hpp"
#include "orilla/loop/gate.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/objects/pod_logs.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/store/reader.hpp"
#include "request/negotiation.hpp"
#include "request/request_info.hpp"
#include "stream/shared_texts.hpp"

namespace orilla::apiserver {

using loop::Task;

/// Large answers that become YAML at a time: one object of them costs several times its size.
constexpr int large_yaml_at_once_max = 4;

/// Outlives every request.
struct Rest {
    loop::Loop& loop;
    objects::Objects& objects;
    objects::PodLogs* logs = nullptr;  ///< null: this build has none, pods/log says so
    ImageService* images = nullptr;
    loop::Executor* executor = nullptr;  ///< null: long work is done on the loop
    SharedTexts texts{};
    loop::Gate large_yaml{loop, large_yaml_at_once_max};

    store::Reader& store() { return objects.store(); }
    const api::KindRegistry& kinds() const { return objects.kinds(); }
    int64_t now_s() const { return loop.clock().wall_s(); }
};

/// One request for a resource. Lives in the router's frame until the answer was given.
struct ResourceRequest {
    const api::KindInfo& kind;
    RequestInfo info;
    const http::Request& http;
    const objects::Identity& who;
    objects::Warnings& warnings;  ///< told with an answer that is a success
    Form form = Form::json;

    store::Key key() const { return {std::string(kind.resource), info.ns, info.name}; }
};

/// The entry with its value at hand; not_found when there is none.
Task<Result<store::EntryPtr>> read_entry(Rest& rest, store::Key key);

/// Waits a moment for a revision that is still to come; the error of one from the future when it does not.
Task<Result<void>> await_revision(Rest& rest, uint64_t revision);

/// 200 with one object in the form that was asked for.
Result<http::Response> render_item(Rest& rest, const ResourceRequest& request, const store::EntryPtr& entry);
/// The same with another code, for what a write gave.
Result<http::Response> render_stored(Rest& rest, const ResourceRequest& request, const objects::Stored& stored, int status);

/// includeObject of a Table request.
Result<std::string_view> parse_include_object(const http::Query& query);

/// What Kubernetes calls the options in the query of a write: CreateOptions, UpdateOptions, PatchOptions, DeleteOptions;
/// empty for a read.
std::string_view write_options_of(http::Method method);

/// bad_request unless the body of a PUT names the object of the URL.
Result<void> check_body_name(const ResourceRequest& request, std::string_view name);

/// dryRun=All, or nothing; invalid for anything else.
Result<bool> parse_dry_run(const http::Query& query, http::Method method);

/// What goes along with what this request writes; a view of the request.
Result<objects::WriteContext> parse_write_context(const ResourceRequest& request);

/// fieldManager, force, dryRun and fieldValidation of a POST, PUT or PATCH, whatever it is for.
Result<void> check_write_options(const http::Query& query, const http::Request& request);

/// DeleteOptions as the store takes them; invalid for what it cannot do.
Result<objects::DeleteOptions> check_delete_options(const ResourceRequest& request, const api::DeleteOptions& options);

enum class FieldValidation { strict, warn, ignore };
Result<FieldValidation> parse_field_validation(const http::Query& query, http::Method method);
/// Refuses (strict) or warns of what the decoder noticed.
Result<void> check_fields(FieldValidation validation, const api::DecodeReport& report);
void note_warnings(const ResourceRequest& request, FieldValidation validation, const api::DecodeReport& report);

/// The body of a request that is small by its nature (options, a scale, a binding) as JSON (protobuf may be of the type that is
/// wanted where it names none); too_large for others, unsupported_media_type for what is not known.
Result<std::string> body_as_json(Rest& rest, const http::Request& request, const api::TypeInfo& wanted);

// ---- the handlers ----------------------------------------------------------------------------------------------------

Task<Result<http::Response>> get_item(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> list_items(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> watch_items(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> create_item(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> update_item(Rest& rest, const ResourceRequest& request, objects::Part part);
Task<Result<http::Response>> patch_item(Rest& rest, const ResourceRequest& request, objects::Part part);
Task<Result<http::Response>> delete_item(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> delete_collection(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> get_scale(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> update_scale(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> patch_scale(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> bind_pod(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> evict_pod(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> read_pod_log(Rest& rest, const ResourceRequest& request);

}  // namespace orilla::apiserver

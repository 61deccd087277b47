// GET of one object and of a collection.
#pragma once

#include "rest/rest.hpp"

namespace orilla::apiserver {

/// The entry with its text as it is shown: `object` is in the version that was asked for.
store::EntryPtr shown_entry(const store::EntryPtr& stored, const api::Object& object);

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

Task<Result<http::Response>> get_item(Rest& rest, const ResourceRequest& request);
Task<Result<http::Response>> list_items(Rest& rest, const ResourceRequest& request);

}  // namespace orilla::apiserver

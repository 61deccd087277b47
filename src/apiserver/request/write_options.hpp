// The query parameters of a write: how it is to be done.
#pragma once

#include "orilla/schema/codec.hpp"
#include "request/resource_request.hpp"

namespace orilla::apiserver {

/// What Kubernetes calls the options in the query of a write: CreateOptions, UpdateOptions, PatchOptions, DeleteOptions;
/// empty for a read.
std::string_view write_options_of(http::Method method);

/// dryRun=All, or nothing; invalid for anything else.
Result<bool> parse_dry_run(const http::Query& query, http::Method method);

/// What goes along with what this request writes; a view of the request.
Result<objects::WriteContext> parse_write_context(const ResourceRequest& request);

/// fieldManager, force, dryRun and fieldValidation of a POST, PUT or PATCH, whatever it is for.
Result<void> check_write_options(const http::Query& query, const http::Request& request);

enum class FieldValidation { strict, warn, ignore };
Result<FieldValidation> parse_field_validation(const http::Query& query, http::Method method);
/// Refuses (strict) or warns of what the decoder noticed.
Result<void> check_fields(FieldValidation validation, const api::DecodeReport& report);
void note_warnings(const ResourceRequest& request, FieldValidation validation, const api::DecodeReport& report);

}  // namespace orilla::apiserver

// Names of resources and their amounts, as several kinds check them.
#pragma once

#include "checks.hpp"

namespace orilla::api {

/// Such as "requests.cpu" or "pods": a name without a domain that Kubernetes knows.
bool is_quota_resource(std::string_view name);
/// More of it may be promised than there is: the limit may be above the request.
bool is_overcommitted(std::string_view name);
/// What has a domain that is not Kubernetes' own: example.com/gpu.
bool is_extended_resource(std::string_view name);

/// Of anything.
void check_resource(std::string_view name, const Path& path, FieldErrors& errors);
/// What a container may ask for.
void check_container_resource(std::string_view name, const Path& path, FieldErrors& errors);
/// Not negative; whole where parts make no sense.
void check_amount(std::string_view name, const Quantity& amount, const Path& path, FieldErrors& errors);
/// Upwards, as the reference server stores the amounts of quotas and limits.
void round_to_milli(Map<Quantity>& amounts);

}  // namespace orilla::api

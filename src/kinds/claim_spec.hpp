// What claims and the templates of claims share.
#pragma once

#include "checks.hpp"

namespace orilla::api {

/// dataSource and dataSourceRef say the same.
void complete_claim_spec(PersistentVolumeClaimSpec& spec);
void check_claim_spec(const PersistentVolumeClaimSpec& spec, const Path& path, FieldErrors& errors);
/// Of claims and volumes alike: at least one, and ReadWriteOncePod alone.
void check_access_modes(const List<Str>& modes, const Path& path, std::string_view when_missing, FieldErrors& errors);
/// Empty is fine.
void check_class_name(std::string_view name, const Path& path, FieldErrors& errors);

}  // namespace orilla::api

// What VolumeSnapshots and their contents share.
#pragma once

#include "checks.hpp"

namespace orilla::api {

/// A field of a source that says what data is meant: once it is there, it stays as it is.
void check_set_once(const Opt<Str>& now, const Opt<Str>& before, const Path& source, std::string_view field,
                    FieldErrors& errors);

}  // namespace orilla::api

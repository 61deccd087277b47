// secret: the keys of a Secret as files, in memory alone: never on flash.
#include <fmt/core.h>

#include "volumes/place.hpp"  // unmount_volume
#include "volumes/projection.hpp"

namespace orilla::node {
namespace {

bool matches_secret(const api::Volume& volume) { return bool(volume.secret); }
void find_secret(const api::Volume& volume, SourceNames& names) { names.secrets.insert(volume.secret->secret_name.str()); }

Result<void> check_secret(const VolumeContext& context, VolumeWork& work) {
    const auto& from = *context.volume.secret;
    TRY(work.files, project_secret(context, from.secret_name.view(), from.optional.value_or(false),
                                   mode_or_default(from.default_mode), from.items));
    return ok();
}

}  // namespace

Result<std::vector<ProjectedFile>> project_secret(const VolumeContext& context, std::string_view name, bool optional,
                                                  unsigned default_mode, const api::List<api::KeyToPath>& items) {
    const ProjectionSource source{fmt::format("secret \"{}\"", name), optional, true, default_mode};
    const auto* found = context.sources.secret(name);
    if (!found && optional) return std::vector<ProjectedFile>();
    if (!found) return Error(Code::not_found, fmt::format("secret \"{}\" not found", name));
    return project(source, {{&found->data, true}}, items);
}

constinit const VolumeDriver secret_driver{.field = "secret",
                                           .matches = matches_secret,
                                           .projected = true,
                                           .find_sources = find_secret,
                                           .check = check_secret,
                                           .prepare = prepare_projection_in_memory,
                                           .publish = publish_projection,
                                           .unpublish = unmount_volume};

}  // namespace orilla::node

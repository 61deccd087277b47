// secret: the keys of a Secret as files, in memory alone: never on flash.
#include <fmt/core.h>

#include "volumes/place.hpp"
#include "volumes/projection.hpp"

namespace orilla::node {
namespace {

bool matches_secret(const api::Volume& volume) { return bool(volume.secret); }
void find_secret(const api::Volume& volume, SourceNames& names) { names.secrets.insert(volume.secret->secret_name.str()); }

Result<void> check_secret(const VolumeContext& context, VolumeWork& work) {
    const auto& from = *context.volume.secret;
    const std::string name(from.secret_name.view());
    const ProjectionSource source{fmt::format("secret \"{}\"", name), from.optional.value_or(false), true,
                                  mode_or_default(from.default_mode)};
    const auto* found = context.sources.secret(name);
    if (!found && source.optional) return ok();
    if (!found) return Error(Code::not_found, fmt::format("secret \"{}\" not found", name));
    TRY(work.files, project(source, {{&found->data, true}}, from.items));
    return ok();
}

Result<void> prepare_secret(const VolumeWork& work) {
    TRY_VOID(prepare_projection(work));
    return mount_volume_tmpfs(work.path, 0, 0755);
}

}  // namespace

constinit const VolumeDriver secret_driver{.field = "secret",
                                           .matches = matches_secret,
                                           .projected = true,
                                           .find_sources = find_secret,
                                           .check = check_secret,
                                           .prepare = prepare_secret,
                                           .publish = publish_projection,
                                           .unpublish = unmount_volume};

}  // namespace orilla::node

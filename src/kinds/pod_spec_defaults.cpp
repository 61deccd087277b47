#include "orilla/kinds/defaults.hpp"
#include "pod_spec.hpp"

namespace orilla::api {
namespace {

template <class C>
void default_pull_policy(C& container) {
    if (container.image_pull_policy.empty()) container.image_pull_policy = default_image_pull_policy(container.image);
}

void default_volume_source(Volume& volume) {
    for (const FieldInfo& field : type_info<Volume>().fields)
        if (field.shape == Shape::box && !is_zero_field(field, field.in(&volume))) return;
    volume.empty_dir.ensure();
}

}  // namespace

std::string_view default_image_pull_policy(std::string_view image) {
    if (image.find('@') != std::string_view::npos) return "IfNotPresent";
    // A colon before the last slash belongs to the registry's port.
    size_t slash = image.rfind('/');
    size_t colon = image.find(':', slash == std::string_view::npos ? 0 : slash);
    bool latest = colon == std::string_view::npos || image.substr(colon + 1) == "latest";
    return latest ? "Always" : "IfNotPresent";
}

void complete_pod_spec(PodSpec& spec) {
    for (Container& container : spec.init_containers) default_pull_policy(container);
    for (Container& container : spec.containers) default_pull_policy(container);
    for (EphemeralContainer& container : spec.ephemeral_containers) default_pull_policy(container);
    for (Volume& volume : spec.volumes) default_volume_source(volume);
}

}  // namespace orilla::api

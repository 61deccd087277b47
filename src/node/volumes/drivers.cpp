#include <fmt/core.h>

#include "volumes/driver.hpp"

namespace orilla::node {
namespace {

// The last one is for what names no source.
constexpr const VolumeDriver* drivers[] = {&config_map_driver, &secret_driver,    &downward_api_driver,
                                           &projected_driver,  &host_path_driver, &claim_driver,
                                           &ephemeral_driver,  &nfs_driver,       &empty_dir_driver};

}  // namespace

std::span<const VolumeDriver* const> volume_drivers() { return drivers; }

const VolumeDriver& find_driver(const api::Volume& volume) {
    for (const auto* driver : drivers)
        if (driver->matches(volume)) return *driver;
    return empty_dir_driver;
}

std::string find_volume_path(const api::Volume& volume, const std::string& pod_dir) {
    const VolumeDriver& driver = find_driver(volume);
    return driver.find_path ? driver.find_path(volume) : fmt::format("{}/volumes/{}", pod_dir, volume.name.view());
}

}  // namespace orilla::node

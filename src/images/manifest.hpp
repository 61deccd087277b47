// The documents of the OCI image specification and their docker forebears, read with suspicion. Pure; runs in the puller
// and the importer only. It refuses what cannot be run: other media types, foreign layers, other platforms.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/images/images.hpp"

namespace orilla::images {

struct Descriptor {
    std::string media_type;
    std::string digest;
    int64_t size_bytes = 0;
};

struct Manifest {
    Descriptor config;
    std::vector<Descriptor> layers;  ///< lowest first
};

struct Platform {
    std::string os = "linux";
    std::string architecture;
    std::string variant;  ///< "v8", "v7" or empty
};

struct IndexEntry {
    Descriptor descriptor;
    Platform platform;  ///< all empty when the index says nothing
    std::string name;   ///< annotation: io.containerd.image.name, else org.opencontainers.image.ref.name
};
using Index = std::vector<IndexEntry>;

/// Which of the two is told by the content; `media_type` (may be empty) must not contradict it.
Result<std::variant<Manifest, Index>> parse_manifest(std::string_view bytes, std::string_view media_type);

struct ConfigDocument {
    ImageConfig config;
    Platform platform;
    std::string created;
    std::vector<std::string> diff_ids;
};
Result<ConfigDocument> parse_config(std::string_view bytes);

/// Of this machine: linux/amd64, linux/arm64/v8, linux/arm/v7.
Platform host_platform();
std::string platform_name(const Platform& platform);
/// The entry made for `host`; Code::not_found with docker's sentence when there is none.
Result<Descriptor> choose_platform(const Index& index, const Platform& host);
/// Whether a program for `made_for` runs on `host`.
bool runs_on(const Platform& made_for, const Platform& host);

bool is_index_type(std::string_view media_type);
/// Everything that a registry may be asked for in place of a tag.
std::string accepted_manifest_types();

}  // namespace orilla::images

#include "manifest.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <array>

#include "limits.hpp"
#include "messages.hpp"
#include "orilla/base/machine.hpp"

namespace orilla::images {

namespace {

constexpr std::string_view oci_manifest = "application/vnd.oci.image.manifest.v1+json";
constexpr std::string_view oci_index = "application/vnd.oci.image.index.v1+json";
constexpr std::string_view docker_manifest = "application/vnd.docker.distribution.manifest.v2+json";
constexpr std::string_view docker_list = "application/vnd.docker.distribution.manifest.list.v2+json";

constexpr std::array<std::string_view, 2> config_types = {"application/vnd.oci.image.config.v1+json",
                                                          "application/vnd.docker.container.image.v1+json"};
constexpr std::array<std::string_view, 4> layer_types = {
    "application/vnd.oci.image.layer.v1.tar", "application/vnd.oci.image.layer.v1.tar+gzip",
    "application/vnd.oci.image.layer.v1.tar+zstd", "application/vnd.docker.image.rootfs.diff.tar.gzip"};
constexpr std::array<std::string_view, 2> more_layer_types = {"application/vnd.docker.image.rootfs.diff.tar",
                                                              "application/vnd.docker.image.rootfs.diff.tar.zstd"};

template <size_t n>
bool one_of(const std::array<std::string_view, n>& list, std::string_view text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

Error bad_manifest(std::string what) { return Error(Code::corrupt, "manifest: " + std::move(what)); }

Result<Descriptor> parse_descriptor(const json::object& object, std::string_view what) {
    Descriptor out{text_of(object, "mediaType"), text_of(object, "digest"), number_of(object, "size")};
    if (!is_digest(out.digest)) return bad_manifest(std::string(what) + " has no valid sha256 digest");
    if (out.size_bytes < 0) return bad_manifest(std::string(what) + " has a negative size");
    return out;
}

Result<Manifest> parse_single(const json::object& document) {
    Manifest out;
    TRY(out.config, parse_descriptor(object_of(document, "config"), "config"));
    if (!one_of(config_types, out.config.media_type))
        return Error(Code::unsupported, "this is not a container image: its config is of type " +
                                            out.config.media_type.substr(0, component_bytes_max));
    if (out.config.size_bytes > static_cast<int64_t>(config_bytes_max)) return bad_manifest("config is larger than 4 MiB");
    for (const json::value& value : array_of(document, "layers")) {
        if (!value.is_object()) return bad_manifest("a layer is not an object");
        TRY(Descriptor layer, parse_descriptor(value.get_object(), "a layer"));
        if (!one_of(layer_types, layer.media_type) && !one_of(more_layer_types, layer.media_type))
            return Error(Code::unsupported, fmt::format("layer {} is of type {}, which is not supported", layer.digest,
                                                        layer.media_type.substr(0, component_bytes_max)));
        if (layer.size_bytes > blob_bytes_max)
            return Error(Code::too_large, fmt::format("layer {} is larger than 16 GiB", layer.digest));
        out.layers.push_back(std::move(layer));
        if (out.layers.size() > layers_max) return Error(Code::too_large, "image has more than 127 layers");
    }
    if (out.layers.empty()) return bad_manifest("it names no layer");
    return out;
}

Result<Index> parse_index(const json::object& document) {
    Index out;
    for (const json::value& value : array_of(document, "manifests")) {
        if (!value.is_object()) return bad_manifest("an entry of the index is not an object");
        const json::object& object = value.get_object();
        IndexEntry entry;
        TRY(entry.descriptor, parse_descriptor(object, "an entry of the index"));
        const json::object& platform = object_of(object, "platform");
        entry.platform = {text_of(platform, "os"), text_of(platform, "architecture"), text_of(platform, "variant")};
        const json::object& notes = object_of(object, "annotations");
        entry.name = text_of(notes, "io.containerd.image.name");
        if (entry.name.empty()) entry.name = text_of(notes, "org.opencontainers.image.ref.name");
        out.push_back(std::move(entry));
        if (out.size() > platforms_max) return Error(Code::too_large, "index has more than 256 entries");
    }
    return out;
}

/// "amd64" also without a variant, arm64 is v8 whether it says so or not.
std::string variant_of(const Platform& platform) {
    return platform.variant.empty() && platform.architecture == "arm64" ? "v8" : platform.variant;
}

/// 0: does not run; the larger the better.
int suitability(const Platform& made_for, const Platform& host) {
    if (made_for.os != host.os || made_for.architecture != host.architecture) return 0;
    const std::string made = variant_of(made_for), have = variant_of(host);
    if (made == have) return 100;
    if (made.empty()) return 50;
    // Older variants run on newer machines; amd64 levels above the first are not promised by anything here.
    const bool numbered = made.size() == 2 && have.size() == 2 && made[0] == 'v' && have[0] == 'v';
    return numbered && made[1] < have[1] ? 10 + (made[1] - '0') : 0;
}

}  // namespace

bool is_index_type(std::string_view media_type) { return media_type == oci_index || media_type == docker_list; }

std::string accepted_manifest_types() {
    std::string out(oci_index);
    for (std::string_view type : {oci_manifest, docker_list, docker_manifest}) out += ", " + std::string(type);
    return out;
}

Result<std::variant<Manifest, Index>> parse_manifest(std::string_view bytes, std::string_view media_type) {
    TRY(const json::object document, parse_object(bytes, "manifest"));
    if (number_of(document, "schemaVersion") == 1)
        return Error(Code::unsupported, "docker manifests of schema version 1 are not supported");
    const std::string said = text_of(document, "mediaType");
    const bool index = document.contains("manifests");
    // A document that is both, or says to be the other, could mean one thing to us and another to whoever signed it.
    if (index && (document.contains("layers") || document.contains("config")))
        return bad_manifest("it is an index and an image at once");
    for (std::string_view type : {std::string_view(said), media_type})
        if (!type.empty() && is_index_type(type) != index &&
            (is_index_type(type) || type == oci_manifest || type == docker_manifest))
            return bad_manifest("its content is not of type " + std::string(type));
    if (index) {
        TRY(Index entries, parse_index(document));
        return std::variant<Manifest, Index>(std::move(entries));
    }
    TRY(Manifest single, parse_single(document));
    return std::variant<Manifest, Index>(std::move(single));
}

Result<ConfigDocument> parse_config(std::string_view bytes) {
    TRY(const json::object document, parse_object(bytes, "image configuration"));
    const json::object& config = object_of(document, "config");
    ConfigDocument out;
    out.platform = {text_of(document, "os"), text_of(document, "architecture"), text_of(document, "variant")};
    out.created = text_of(document, "created");
    out.diff_ids = texts_of(object_of(document, "rootfs"), "diff_ids");
    for (const auto& id : out.diff_ids)
        if (!is_digest(id)) return Error(Code::corrupt, "image configuration: a diff_id is not a sha256 digest");
    out.config.entrypoint = texts_of(config, "Entrypoint");
    out.config.cmd = texts_of(config, "Cmd");
    out.config.env = texts_of(config, "Env");
    out.config.working_dir = text_of(config, "WorkingDir");
    out.config.user = text_of(config, "User");
    out.config.stop_signal = text_of(config, "StopSignal");
    return out;
}

Platform host_platform() { return {"linux", std::string(machine_architecture), std::string(machine_variant)}; }

std::string platform_name(const Platform& platform) {
    return fmt::format("{}/{}{}", platform.os, platform.architecture, platform.variant.empty() ? "" : "/" + platform.variant);
}

bool runs_on(const Platform& made_for, const Platform& host) { return suitability(made_for, host) > 0; }

Result<Descriptor> choose_platform(const Index& index, const Platform& host) {
    const IndexEntry* best = nullptr;
    int best_score = 0;
    for (const auto& entry : index) {
        const int score = suitability(entry.platform, host);
        if (score > best_score) best = &entry, best_score = score;
    }
    // An index with one entry that does not say what it is for: its configuration will tell.
    if (!best && index.size() == 1 && index[0].platform.architecture.empty()) best = &index[0];
    if (!best)
        return Error(Code::not_found,
                     fmt::format("no matching manifest for {} in the manifest list entries", platform_name(host)));
    return best->descriptor;
}

}  // namespace orilla::images

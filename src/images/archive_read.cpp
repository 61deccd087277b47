#include <fmt/core.h>
#include <algorithm>

#include "archive.hpp"
#include "digest.hpp"
#include "layer_path.hpp"
#include "limits.hpp"
#include "messages.hpp"
#include "offer.hpp"

namespace orilla::images {

namespace {

std::string blob_path(const std::string& digest) { return "blobs/sha256/" + digest.substr(7); }

Result<std::vector<std::string>> normalise_archive_names(const std::vector<std::string>& names) {
    std::vector<std::string> out;
    for (const auto& name : names) {
        auto reference = parse_reference(name);
        if (!reference) return std::move(reference).error().with_context("image name " + printable(name));
        out.push_back(reference->name());
    }
    return out;
}

/// A document under its digest, checked.
Result<std::string> read_document(ArchiveFiles& files, const Descriptor& wanted, size_t bytes_max) {
    TRY(std::string text, files.read(blob_path(wanted.digest), bytes_max));
    const std::string found = sha256_of(text);
    if (found != wanted.digest) return Error(Code::corrupt, fmt::format("blob {}: its digest is {}", wanted.digest, found));
    return text;
}

struct Chosen {
    Manifest manifest;
    std::vector<std::string> digests;  ///< of every document on the way, the image's manifest last
};

/// Down from an entry to the manifest for `host`, through indexes.
Result<Chosen> descend(ArchiveFiles& files, Descriptor at, const Platform& host) {
    Chosen out;
    for (size_t depth = 0; depth < index_depth_max; ++depth) {
        TRY(const std::string text, read_document(files, at, manifest_bytes_max));
        TRY(auto document, parse_manifest(text, at.media_type));
        out.digests.push_back(at.digest);
        if (auto* manifest = std::get_if<Manifest>(&document)) {
            out.manifest = std::move(*manifest);
            return out;
        }
        TRY(at, choose_platform(std::get<Index>(document), host));
    }
    return Error(Code::corrupt, "indexes are nested more than 4 deep");
}

Result<Offer> offer_from_oci(ArchiveFiles& files, const Descriptor& entry, std::vector<std::string> names,
                             const Platform& host) {
    TRY(Chosen chosen, descend(files, entry, host));
    OfferSource source;
    source.config_digest = chosen.manifest.config.digest;
    TRY(source.config_bytes, read_document(files, chosen.manifest.config, config_bytes_max));
    for (const auto& layer : chosen.manifest.layers) {
        TRY(Descriptor blob, files.blob(blob_path(layer.digest)));
        if (blob.digest != layer.digest)
            return Error(Code::corrupt, fmt::format("blob {}: its digest is {}", layer.digest, blob.digest));
        source.layers.push_back(std::move(blob));
    }
    source.repo_digests = repo_digests_of(names, chosen.digests);
    source.names = std::move(names);
    return make_offer(std::move(source), host);
}

/// Entries of index.json under one name are one image, in several architectures perhaps.
Result<std::vector<Offer>> read_oci(ArchiveFiles& files, const std::vector<std::string>& names, const Platform& host) {
    TRY(const std::string text, files.read("index.json", manifest_bytes_max));
    TRY(auto document, parse_manifest(text, ""));
    const auto* index = std::get_if<Index>(&document);
    if (!index) return Error(Code::corrupt, "index.json is not an index");
    std::map<std::string, Index> by_name;
    for (const auto& entry : *index) by_name[entry.name].push_back(entry);
    if (!names.empty() && by_name.size() > 1)
        return Error(Code::invalid,
                     fmt::format("the archive holds {} images: they keep their own names, so do not give one", by_name.size()));
    std::vector<Offer> out;
    for (const auto& [name, entries] : by_name) {
        if (out.size() >= archive_images_max) return Error(Code::too_large, "archive holds more than 64 images");
        if (names.empty() && name.empty())
            return Error(Code::invalid, "the archive does not say how its image is called: give a name with --name");
        TRY(auto given, normalise_archive_names(names.empty() ? std::vector<std::string>{name} : names));
        Descriptor chosen = entries[0].descriptor;
        if (entries.size() > 1) {
            TRY(chosen, choose_platform(entries, host));
        }
        auto offer = offer_from_oci(files, chosen, given, host);
        if (!offer) return std::move(offer).error().with_context("image " + given[0]);
        out.push_back(std::move(*offer));
    }
    if (out.empty()) return Error(Code::corrupt, "the archive holds no image");
    return out;
}

Result<Offer> offer_from_docker(ArchiveFiles& files, const json::object& entry, std::vector<std::string> names,
                                const Platform& host) {
    OfferSource source;
    TRY(source.config_bytes, files.read(text_of(entry, "Config"), config_bytes_max));
    source.config_digest = sha256_of(source.config_bytes);
    const auto layers = texts_of(entry, "Layers");
    if (layers.size() > layers_max) return Error(Code::too_large, "image has more than 127 layers");
    for (const auto& path : layers) {
        TRY(Descriptor blob, files.blob(path));
        source.layers.push_back(std::move(blob));
    }
    source.names = std::move(names);
    return make_offer(std::move(source), host);
}

Result<std::vector<Offer>> read_docker(ArchiveFiles& files, const std::vector<std::string>& names, const Platform& host) {
    TRY(const std::string text, files.read("manifest.json", manifest_bytes_max));
    // The one document here whose top is an array.
    TRY(const json::object document, parse_object("{\"images\":" + text + "}", "manifest.json"));
    const auto& entries = array_of(document, "images");
    if (entries.empty()) return Error(Code::corrupt, "manifest.json names no image");
    if (entries.size() > archive_images_max) return Error(Code::too_large, "archive holds more than 64 images");
    if (!names.empty() && entries.size() > 1)
        return Error(Code::invalid,
                     fmt::format("the archive holds {} images: they keep their own names, so do not give one", entries.size()));
    std::vector<Offer> out;
    for (const json::value& value : entries) {
        if (!value.is_object()) return Error(Code::corrupt, "manifest.json: an image is not an object");
        const auto tags = names.empty() ? texts_of(value.get_object(), "RepoTags") : names;
        if (tags.empty())
            return Error(Code::invalid, "the archive does not say how its image is called: give a name with --name");
        TRY(auto given, normalise_archive_names(tags));
        auto offer = offer_from_docker(files, value.get_object(), given, host);
        if (!offer) return std::move(offer).error().with_context("image " + given[0]);
        out.push_back(std::move(*offer));
    }
    return out;
}

}  // namespace

Result<std::vector<Offer>> read_archive(ArchiveFiles& files, const std::vector<std::string>& names, const Platform& host) {
    // Newer dockers write both; theirs names images more fully, the OCI index keeps the digests of the manifests.
    if (files.has("manifest.json")) return read_docker(files, names, host);
    if (files.has("index.json")) return read_oci(files, names, host);
    return Error(Code::unsupported,
                 "this is neither an OCI image layout (no index.json) nor a docker archive (no manifest.json)");
}

}  // namespace orilla::images

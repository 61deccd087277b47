// The objects that -f names: files, directories, `-` for standard input.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "client.hpp"
#include "options.hpp"
#include "orilla/schema/manifest.hpp"
#include "resources.hpp"

namespace orilla::cli {

constexpr size_t manifest_files_max = 10'000;             ///< of one command
constexpr size_t manifests_bytes_max = size_t{64} << 20;  ///< of all its files; each: api::manifest_bytes_max

struct Manifest {
    api::ManifestDocument document;
    boost::json::object object;
    const api::KindInfo* kind = nullptr;
    std::string ns;  ///< where it goes; empty for cluster-scoped kinds
    std::string name;
};

/// The files that -f NAME means, in the order they are read: NAME itself, or the .json, .yaml and .yml of a directory by name.
Result<std::vector<std::string>> find_manifest_files(const std::string& name, bool recursive);
/// Reads and checks all of them (unless --validate says otherwise): kinds that are not served, unknown fields, types, with
/// FILE:LINE; keeps those that -l selects. What is wrong is told of every document, not only of the first.
Result<std::vector<Manifest>> read_manifests(const Options& options);
/// The manifests of one text, as read_manifests makes them. Pure.
Result<std::vector<Manifest>> parse_manifests(const Options& options, std::string_view text, const std::string& source);
/// A manifest made here, by `create configmap` and its like.
Manifest make_manifest(const Options& options, boost::json::object object);

/// What the server would refuse in a new object, with FILE:LINE and field. Pure.
/// What apply cannot do without: each object's own name.
Result<void> check_names(const std::vector<Manifest>& manifests);
Result<void> check_new(const Manifest& manifest);

/// The document with the annotation that the next apply compares with, byte for byte as kubectl writes it.
boost::json::object with_last_applied(const Manifest& manifest);
Result<void> create_from_files(Client& client, const Options& options);
Result<void> create_object(Client& client, const Options& options, Manifest manifest);

}  // namespace orilla::cli

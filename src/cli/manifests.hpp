// The objects that -f names: files, directories, `-` for standard input.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "client.hpp"
#include "options.hpp"
#include "orilla/api/manifest.hpp"
#include "resources.hpp"

namespace orilla::cli {

struct Manifest {
    api::ManifestDocument document;
    boost::json::object object;
    const api::KindInfo* kind = nullptr;
    std::string ns;  ///< where it goes; empty for cluster-scoped kinds
    std::string name;
};

/// Reads and checks all of them (unless --validate=false): unknown fields, types, with FILE:LINE.
Result<std::vector<Manifest>> read_manifests(const Options& options);
/// A manifest made here, by `create configmap` and its like.
Manifest make_manifest(const Options& options, boost::json::object object);

Result<void> create_from_files(Client& client, const Options& options);
Result<void> create_object(Client& client, const Options& options, Manifest manifest);

}  // namespace orilla::cli

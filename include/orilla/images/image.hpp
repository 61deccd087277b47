// An image as a value: what it is called, what it says about running it, and the layers that make its root.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace orilla::images {

/// What the image says about running it: of the OCI image configuration's `config` what a container is started with.
struct ImageConfig {
    std::vector<std::string> entrypoint;
    std::vector<std::string> cmd;
    std::vector<std::string> env;  ///< NAME=value
    std::string working_dir;
    std::string user;         ///< "", "uid", "uid:gid", "name", "name:group"
    std::string stop_signal;  ///< "", "SIGQUIT", "3"
};

struct Layer {
    std::string diff_id;       ///< sha256 of the uncompressed tar
    std::string directory;     ///< name under <directory>/layers
    int64_t size_bytes = 0;    ///< of its files
    bool hides_lower = false;  ///< nothing of the layers below shows; `layer_paths` leaves them out
};

struct Image {
    std::string id;                         ///< sha256 of the image configuration: what `docker images` calls IMAGE ID
    std::vector<std::string> names;         ///< normalised: docker.io/library/nginx:1; empty: only reachable by id or digest
    std::vector<std::string> repo_digests;  ///< docker.io/library/nginx@sha256:..., of the manifest and of its index
    std::string architecture;               ///< amd64
    std::string created;                    ///< RFC 3339, as the image says; may be empty
    int64_t size_bytes = 0;                 ///< unpacked, shared layers included
    ImageConfig config;
    std::vector<Layer> layers;  ///< lowest first
};

}  // namespace orilla::images

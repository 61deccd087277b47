// Names of images, as docker writes and normalises them: `nginx` is docker.io/library/nginx:latest. Parsing is pure and
// says what is wrong in the words of the reference grammar, which kubelet repeats under InvalidImageName.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::images {

struct Reference {
    std::string domain;  ///< docker.io, localhost:5000; never empty
    std::string path;    ///< library/nginx
    std::string tag;     ///< empty only when there is a digest
    std::string digest;  ///< sha256:<64 hex>, or empty

    /// docker.io/library/nginx
    std::string repository() const { return domain + "/" + path; }
    /// The whole normalised name: docker.io/library/nginx:latest, or with @sha256:...
    std::string name() const;
    /// As a person would type it: nginx:latest.
    std::string familiar_name() const;
    bool operator==(const Reference&) const = default;
};

/// Code::invalid with "invalid reference format..." when it is none.
Result<Reference> parse_reference(std::string_view text);

/// sha256: and 64 lower-case hex digits.
bool is_digest(std::string_view text);

}  // namespace orilla::images

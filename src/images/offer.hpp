// From documents to an offer: what puller and importer both do once they have a manifest and its configuration. Pure.
#pragma once

#include <string>
#include <vector>

#include "manifest.hpp"
#include "record.hpp"

namespace orilla::images {

struct OfferSource {
    std::string config_digest;
    std::string config_bytes;
    std::vector<Descriptor> layers;  ///< lowest first; digests of their blobs
    std::vector<std::string> names;  ///< normalised
    std::vector<std::string> repo_digests;
};

/// Code::not_found when the image is for another platform than `host`.
Result<Offer> make_offer(OfferSource source, const Platform& host);

/// repository@digest for every repository among `names` and every digest.
std::vector<std::string> repo_digests_of(const std::vector<std::string>& names, const std::vector<std::string>& digests);

}  // namespace orilla::images

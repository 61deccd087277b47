// Images as JSON: the index file of the store, and what puller and importer offer to the daemon.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "messages.hpp"
#include "orilla/images/images.hpp"

namespace orilla::images {

using ImagesById = std::map<std::string, Image>;

json::object encode_config(const ImageConfig& config);
ImageConfig decode_config(const json::object& object);
json::object encode_image(const Image& image);
Result<Image> decode_image(const json::object& object);

/// The index file. Code::unsupported when a newer Orilla wrote it.
std::string render_index(const ImagesById& images);
Result<ImagesById> parse_index_file(std::string_view text);

struct OfferedLayer {
    std::string diff_id;
    std::string blob;  ///< digest of its file among the blobs
    int64_t size_bytes = 0;
};

/// An image that a worker has looked through; its layers are not unpacked yet.
struct Offer {
    Image image;                       ///< without layers
    std::vector<OfferedLayer> layers;  ///< lowest first
};
json::object encode_offer(const Offer& offer);
/// Checks every digest and name again: a worker may have been taken over by what it read.
Result<Offer> decode_offer(const json::object& object);

/// The OCI chain ids of a stack of layers: what a layer is together with everything below it.
std::vector<std::string> chain_ids(const std::vector<OfferedLayer>& layers);

}  // namespace orilla::images

// How an image comes in: a puller or an importer offers it, missing layers are fetched and unpacked one above the other,
// and the index learns of it at last.
#pragma once

#include <string>
#include <vector>

#include "state.hpp"

namespace orilla::images {

class Worker;

loop::Task<Result<Image>> acquire_pull(State& state, PullRequest request);
loop::Task<Result<std::vector<Image>>> acquire_import(State& state, UniqueFd source, ImportRequest request);

/// While an offer is worked on: its layers and blobs are nobody else's to remove.
class OfferPins {
  public:
    OfferPins(State& state, const Offer& offer);
    ~OfferPins();
    OfferPins(const OfferPins&) = delete;
    OfferPins& operator=(const OfferPins&) = delete;

  private:
    State& state_;
    std::vector<std::string> layers_, blobs_;
};

/// The layers of an offer, as far as they are unpacked already: directory names, empty where one is missing.
std::vector<std::string> present_layers(const State& state, const Offer& offer);

/// Waits until the blob of a layer can be unpacked.
class BlobSource {
  public:
    virtual ~BlobSource() = default;
    virtual loop::Task<Result<void>> ready(std::string blob) = 0;
};

/// Unpacks what is missing, lowest layer first.
loop::Task<Result<std::vector<Layer>>> unpack_layers(State& state, Offer offer, BlobSource& source, ProgressSink progress);
/// Blobs that the offer needed and nobody else needs.
void drop_blobs(State& state, const Offer& offer);
/// Puts the image into the index.
loop::Task<Result<Image>> record_image(State& state, Offer offer, std::vector<Layer> layers);

}  // namespace orilla::images

// The codec in portions, for who has others waiting: the same answers as decode_object, and between two portions
// somebody else may have the thread. What a portion costs is about its size, whatever the document is like.
#pragma once

#include <memory>
#include <string_view>

#include "orilla/api/codec.hpp"

namespace orilla::api {

class GradualDecoder {
  public:
    /// A document of the given kind. `text` and `report`, which may be null, outlive it.
    GradualDecoder(const KindInfo& kind, std::string_view text, DecodeReport* report);
    ~GradualDecoder();
    GradualDecoder(const GradualDecoder&) = delete;
    GradualDecoder& operator=(const GradualDecoder&) = delete;

    /// Reads on for some bytes; true when the document is over.
    Result<bool> advance(size_t bytes);
    /// The object, once it is over.
    Result<Object> take();

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace orilla::api

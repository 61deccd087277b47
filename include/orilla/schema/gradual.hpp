// The codec in portions, for who has others waiting: the same answers as decode_into, and between two portions
// somebody else may have the thread. What a portion costs is about its size, whatever the document is like.
#pragma once

#include <memory>
#include <string_view>

#include "orilla/schema/codec.hpp"

namespace orilla::api {

class GradualDecoder {
  public:
    /// Into the zeroed value at `target`. All of them outlive it; `report` may be null.
    GradualDecoder(const TypeInfo& type, void* target, std::string_view text, DecodeReport* report);
    ~GradualDecoder();
    GradualDecoder(const GradualDecoder&) = delete;
    GradualDecoder& operator=(const GradualDecoder&) = delete;

    /// Reads on for some bytes; true when the document is over.
    Result<bool> advance(size_t bytes);

  private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace orilla::api

// Undoes a layer's compression as its bytes arrive: gzip (any number of members), zstd, or none, told apart by their
// first bytes because media types lie. It promises bounded memory; what to do with a bomb is the receiver's choice, who
// sees every byte and may refuse.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "orilla/base/result.hpp"

namespace orilla::images {

class Inflater {
  public:
    using Receiver = std::function<Result<void>(std::string_view)>;
    explicit Inflater(Receiver receiver);
    ~Inflater();
    Result<void> feed(std::string_view bytes);
    /// The stream's end: an error when it stops in the middle.
    Result<void> finish();

  private:
    struct Decoder;
    struct Gzip;
    struct Zstd;
    struct Plain;
    Result<void> choose();
    Receiver receiver_;
    std::string head_;  ///< until the kind is known
    std::unique_ptr<Decoder> decoder_;
};

}  // namespace orilla::images

// The codec for objects of served kinds: what a document says of itself decides, or is checked.
#pragma once

#include "orilla/kinds/object.hpp"
#include "orilla/kinds/registry.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/gradual.hpp"

namespace orilla::api {

/// A document of the given kind; when it names another kind or apiVersion it is refused.
Result<Object> decode_object(const KindInfo& kind, std::string_view json, DecodeReport* report = nullptr);
/// A document of whichever of them it names; refuses others, and one that names none.
Result<Object> decode_object(const KindRegistry& kinds, std::string_view json, DecodeReport* report = nullptr);
/// What a document said of itself must be the kind that it was decoded as.
Result<void> check_named(const KindInfo& kind, const DecodeReport& report);

/// The same in portions, see GradualDecoder.
class GradualObject {
  public:
    /// A document of the given kind. `text` and `report`, which may be null, outlive it.
    GradualObject(const KindInfo& kind, std::string_view text, DecodeReport* report)
        : object_(kind), report_(report ? report : &own_report_), decoder_(*kind.type, object_.data(), text, report_) {}
    GradualObject(const GradualObject&) = delete;
    GradualObject& operator=(const GradualObject&) = delete;

    /// Reads on for some bytes; true when the document is over.
    Result<bool> advance(size_t bytes) { return decoder_.advance(bytes); }
    /// The object, once it is over.
    Result<Object> take();

  private:
    DecodeReport own_report_;
    Object object_;
    DecodeReport* report_;
    GradualDecoder decoder_;
};

std::string encode(const Object& object, const EncodeOptions& options = {});

}  // namespace orilla::api

// One block of header fields as HTTP/2 carries it: a request's head, an answer's, or trailers. It keeps names, order and
// duplicates, in one piece of memory; what is beyond its bounds is counted and not kept, because the block has to be read to
// its end in any case: the next ones are compressed by what stood in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/http/limits.hpp"
#include "orilla/http/message.hpp"

namespace orilla::http {

class H2Block {
  public:
    /// With a colon in front: of the message, not one of its fields.
    enum class Pseudo : uint8_t { method, scheme, authority, path, protocol, status, count };

    void add(std::string_view name, std::string_view value, const H2Limits& limits);
    /// Nothing is added any more: the views are made, the crumbs of a cookie are one again.
    void finish();
    void clear() { *this = H2Block(); }
    /// More than the bounds allow came.
    bool is_too_large() const { return is_too_large_; }
    std::string_view pseudo(Pseudo which) const;
    /// After `finish`; they live as long as the block and are not to outlive a move of it.
    const std::vector<HeaderView>& fields() const { return fields_; }
    std::vector<HeaderView>& fields() { return fields_; }
    /// Of an answer; 0 when it has none.
    int status() const;

  private:
    struct Span {
        uint32_t begin = 0, size = 0;
    };
    struct Field {
        Span name, value;
    };
    Span keep(std::string_view text);
    std::string_view view(Span span) const { return std::string_view(text_).substr(span.begin, span.size); }

    std::string text_;
    std::string cookie_;
    std::vector<Field> spans_;
    std::vector<HeaderView> fields_;
    Span pseudo_[static_cast<size_t>(Pseudo::count)];
    size_t bytes_ = 0;
    bool is_too_large_ = false;
};

}  // namespace orilla::http

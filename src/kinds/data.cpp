#include "data.hpp"

namespace orilla::api {

size_t decoded_bytes(std::string_view base64) {
    size_t padding = base64.ends_with("==") ? 2 : base64.ends_with("=") ? 1 : 0;
    return base64.size() / 4 * 3 - (base64.empty() ? 0 : padding);
}

}  // namespace orilla::api

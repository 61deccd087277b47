#include "addresses.hpp"

#include "orilla/schema/names.hpp"

namespace orilla::api {

void check_reach(std::string_view address, const Path& path, FieldErrors& errors) {
    if (const std::string_view range = special_address(address); !range.empty()) errors.invalid(path, address, range);
}

}  // namespace orilla::api

// Text of strangers as a person may see it: nothing in it that a terminal would obey.
#pragma once

#include <string>
#include <string_view>

namespace orilla {

/// As kubectl shows it: ESC is ^[, a carriage return is \r. The other control characters, which kubectl lets through, become
/// ^X, those of U+0080 to U+009F what they stand for (^[[ for CSI), bytes that are no UTF-8 \x9b. Line breaks and tabs
/// stay. Pure; its own result stays as it is.
std::string terminal_text(std::string_view text);

}  // namespace orilla

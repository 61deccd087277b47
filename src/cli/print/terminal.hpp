// What leaves the program. People's text goes through one place that takes from it what a terminal would obey; data (logs,
// JSON, YAML, what --raw answers) leaves as it is. A write that fails is kept, and ends the program with an error.
#pragma once

#include <string>
#include <string_view>

#include "orilla/base/result.hpp"
#include "orilla/base/terminal_text.hpp"

namespace orilla::cli {

/// The columns that it takes: letters, not bytes. Pure.
size_t width_of(std::string_view text);

/// Text for a person, on standard output.
void print(std::string_view text);
/// What programs read, JSON for example: as it is, unless standard output is a terminal.
void print_value(std::string_view text);
/// Bytes as they are, on standard output.
void print_data(std::string_view bytes);
/// Text for a person, on standard error. Lines of several threads do not mix.
void complain(std::string_view text);
/// Out with what was printed so far, for those who wait for it.
void flush_output();
/// Why standard output takes no more, once a write failed: "error: write standard output: No space left on device".
Result<void> check_output_written();

}  // namespace orilla::cli

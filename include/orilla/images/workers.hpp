// The confined children of the image room. They are the same binary under a hidden first argument: main() asks
// `run_worker` before it does anything else, and ends with what it returns. They live on fds that only the daemon hands
// out, so starting them by hand gets nothing but an error.
#pragma once

#include <optional>
#include <string_view>

namespace orilla::images {

/// Exit status of the worker called `verb` ("puller", "importer", "unpacker", "sweeper"); nothing for any other verb.
std::optional<int> run_worker(std::string_view verb);

}  // namespace orilla::images

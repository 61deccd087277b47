// Renders what a container prints into CRI log lines: "2024-01-01T00:00:00.000000000Z stdout F line". A piece that does
// not end with a newline is written at once as P and continued, so that nothing waits in memory to be lost.
#pragma once

#include "text.hpp"

namespace orilla::supervisor {

inline constexpr size_t cri_prefix_bytes = timestamp_bytes + sizeof(" stdout F ") - 1;

/// Renders from `input` into `out` until either is used up; moves `input` on. Returns the bytes written to `out`.
size_t render_cri_lines(Slice& input, bool is_stderr, const char timestamp[timestamp_bytes], char* out, size_t out_bytes);

}  // namespace orilla::supervisor

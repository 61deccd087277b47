// The few string functions the supervisor needs: bounded, without a heap, safe between clone and exec.
#pragma once

#include <stddef.h>
#include <stdint.h>

namespace orilla::supervisor {

/// A piece of somebody else's memory.
struct Slice {
    const char* data = nullptr;
    size_t size = 0;
};

size_t text_length(const char* text);
bool text_equals(Slice a, Slice b);
inline Slice slice(const char* text) { return {text, text ? text_length(text) : 0}; }
/// Copies with a final NUL, cut to `bytes`. True when all of it fits.
bool copy_text(char* to, size_t bytes, Slice from);
/// Decimal digits; false for anything else and above `max`.
bool parse_number(Slice text, uint64_t max, uint64_t& out);
/// Writes decimal digits, padded with zeros to at least `width`; returns how many. `out` holds 20.
size_t render_number(char* out, uint64_t value, int width = 1);
/// The piece before `separator`; moves `rest` behind it. False at the end.
bool next_field(Slice& rest, char separator, Slice& field);

inline constexpr size_t timestamp_bytes = 30;
/// 2024-01-01T00:00:00.000000000Z, without a NUL.
void render_timestamp(char out[timestamp_bytes], int64_t wall_ns);

}  // namespace orilla::supervisor

#include "cri_log.hpp"

namespace orilla::supervisor {

namespace {

size_t copy_bytes(char* out, const char* from, size_t count) {
    for (size_t i = 0; i < count; ++i) out[i] = from[i];
    return count;
}

}  // namespace

size_t render_cri_lines(Slice& input, bool is_stderr, const char timestamp[timestamp_bytes], char* out, size_t out_bytes) {
    size_t used = 0;
    // At least one byte of the line has to fit behind the prefix, and its newline.
    while (input.size && used + cri_prefix_bytes + 2 <= out_bytes) {
        const size_t room = out_bytes - used - cri_prefix_bytes - 1;
        size_t length = 0;
        while (length < input.size && length < room && input.data[length] != '\n') ++length;
        const bool full = length < input.size && input.data[length] == '\n';
        used += copy_bytes(out + used, timestamp, timestamp_bytes);
        used += copy_bytes(out + used, is_stderr ? " stderr " : " stdout ", 8);
        used += copy_bytes(out + used, full ? "F " : "P ", 2);
        used += copy_bytes(out + used, input.data, length);
        out[used++] = '\n';
        const size_t consumed = length + (full ? 1 : 0);
        input = {input.data + consumed, input.size - consumed};
    }
    return used;
}

}  // namespace orilla::supervisor

#include "orilla/base/read_file.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <unistd.h>

#include <cerrno>

#include "orilla/base/unique_fd.hpp"

namespace orilla {

std::string render_bytes(size_t bytes) {
    constexpr size_t mib = size_t{1} << 20, kib = size_t{1} << 10;
    if (bytes >= mib && bytes % mib == 0) return std::to_string(bytes / mib) + " MiB";
    if (bytes >= kib && bytes % kib == 0) return std::to_string(bytes / kib) + " KiB";
    return std::to_string(bytes) + " bytes";
}

Result<std::string> read_fd(int fd, const std::string& name, size_t bytes_max) {
    std::string out;
    char buffer[16 * 1024];
    for (;;) {
        const ssize_t got = read(fd, buffer, sizeof buffer);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error::from_errno("read " + name, errno);
        if (got == 0) return out;
        out.append(buffer, static_cast<size_t>(got));
        if (out.size() > bytes_max)
            return Error(Code::too_large,
                         fmt::format("{} has more than {}, the most that is read", name, render_bytes(bytes_max)));
    }
}

Result<std::string> read_file(const std::string& path, size_t bytes_max) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY));
    if (!fd) return Error::from_errno("open " + path, errno);
    return read_fd(fd.get(), path, bytes_max);
}

}  // namespace orilla

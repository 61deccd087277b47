#include "pod/last_words.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "logs/log_stream.hpp"

namespace orilla::node {

loop::Task<bool> LastWords::read(loop::Executor& files, loop::Loop& loop) {
    const std::string path = std::exchange(due_, "");
    if (path.empty()) co_return false;
    auto reading = loop::run_on(files, loop, [path] { return read_log_end(path); });
    std::string words = co_await std::move(reading);
    text_ = std::move(words);
    co_return true;
}

std::string read_log_end(const std::string& path) {
    constexpr int64_t lines_max = 80;
    constexpr size_t bytes_max = 2048, read_bytes_max = 64 * 1024;
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!fd) return "";
    const auto offset = find_tail_offset(fd.get(), lines_max);
    const int64_t end = lseek(fd.get(), 0, SEEK_END);
    if (!offset || end < 0) return "";
    std::string raw(static_cast<size_t>(std::min<int64_t>(end - *offset, read_bytes_max)), '\0');
    const ssize_t got = pread(fd.get(), raw.data(), raw.size(), end - static_cast<int64_t>(raw.size()));
    raw.resize(static_cast<size_t>(std::max<ssize_t>(got, 0)));
    std::string out;
    for (size_t from = 0, to; (to = raw.find('\n', from)) != std::string::npos; from = to + 1)
        if (const auto line = parse_log_line(std::string_view(raw).substr(from, to - from)))
            out += std::string(line->text) + (line->partial ? "" : "\n");
    return out.size() > bytes_max ? out.substr(out.size() - bytes_max) : out;
}

}  // namespace orilla::node

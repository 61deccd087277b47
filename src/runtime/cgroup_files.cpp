#include "cgroup_files.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <charconv>
#include <cstring>
#include <memory>

#include "orilla/base/unique_fd.hpp"

namespace orilla::runtime {

namespace {
constexpr int cgroup_depth_max = 32;

void collect_processes(const std::string& path, std::vector<int>& out, int depth) {
    const std::string text = read_small_file(path + "/cgroup.procs");
    const char* at = text.data();
    const char* end = at + text.size();
    while (at < end) {
        int pid = 0;
        const auto [next, error] = std::from_chars(at, end, pid);
        if (error == std::errc() && pid > 0) out.push_back(pid);
        at = next + 1;
    }
    if (depth >= cgroup_depth_max) return;
    for (const auto& name : list_directories(path)) collect_processes(path + "/" + name, out, depth + 1);
}

Result<bool> remove_below(const std::string& path, int depth) {
    if (rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
    if (errno != EBUSY && errno != ENOTEMPTY) return Error::from_errno("remove cgroup " + path, errno);
    if (depth >= cgroup_depth_max) return Error(Code::internal, fmt::format("remove cgroup {}: nested too deep", path));
    for (const auto& name : list_directories(path)) {
        TRY(const bool removed, remove_below(path + "/" + name, depth + 1));
        if (!removed) return false;
    }
    if (rmdir(path.c_str()) == 0 || errno == ENOENT) return true;
    if (errno == EBUSY) return false;
    return Error::from_errno("remove cgroup " + path, errno);
}

}  // namespace

std::string read_small_file(const std::string& path) {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    std::string text;
    char buffer[4096];
    while (fd && text.size() < cgroup_file_bytes_max) {
        const ssize_t count = read(fd.get(), buffer, sizeof buffer);
        if (count <= 0) break;
        text.append(buffer, static_cast<size_t>(count));
    }
    return text;
}

std::optional<uint64_t> find_number_in(const std::string& path) {
    const UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    char text[32];
    const ssize_t size = fd ? read(fd.get(), text, sizeof text) : -1;
    uint64_t value = 0;
    if (size <= 0 || std::from_chars(text, text + size, value).ec != std::errc()) return std::nullopt;
    return value;
}

Result<void> write_small_file(const std::string& path, const std::string& value) {
    UniqueFd fd(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!fd) return Error::from_errno("write " + path, errno);
    if (write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size()))
        return Error::from_errno(fmt::format("write {} to {}", value, path), errno);
    return ok();
}

Result<void> make_directories(const std::string& path, unsigned mode) {
    if (mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return ok();
    if (errno != ENOENT) return Error::from_errno("make directory " + path, errno);
    const size_t slash = path.rfind('/');
    if (slash == std::string::npos || slash == 0) return Error::from_errno("make directory " + path, ENOENT);
    TRY_VOID(make_directories(path.substr(0, slash), mode));
    if (mkdir(path.c_str(), mode) == 0 || errno == EEXIST) return ok();
    return Error::from_errno("make directory " + path, errno);
}

std::vector<std::string> list_directories(const std::string& path) {
    std::vector<std::string> names;
    std::unique_ptr<DIR, int (*)(DIR*)> dir(opendir(path.c_str()), closedir);
    if (!dir) return names;
    while (const dirent* entry = readdir(dir.get()))
        if (entry->d_type == DT_DIR && strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0)
            names.emplace_back(entry->d_name);
    return names;
}

std::vector<int> read_processes(const std::string& path) {
    std::vector<int> out;
    collect_processes(path, out, 0);
    return out;
}

Result<bool> remove_cgroup_tree(const std::string& path) { return remove_below(path, 0); }

}  // namespace orilla::runtime

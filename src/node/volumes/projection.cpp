#include "volumes/projection.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>
#include <cerrno>
#include <filesystem>

#include "orilla/base/base64.hpp"
#include "orilla/base/file_system.hpp"
#include "orilla/base/unique_fd.hpp"
#include "volumes/place.hpp"

namespace orilla::node {
namespace fs = std::filesystem;
namespace {

bool is_safe_path(std::string_view path) {
    if (path.empty() || path.front() == '/') return false;
    while (!path.empty()) {
        const size_t slash = path.find('/');
        const auto part = path.substr(0, slash);
        if (part == ".." || part.empty()) return false;
        path = slash == std::string_view::npos ? std::string_view() : path.substr(slash + 1);
    }
    return true;
}

}  // namespace

unsigned mode_or_default(const api::Opt<int32_t>& mode) { return mode ? static_cast<unsigned>(*mode) & 0777U : 0644U; }

Result<void> add_projected_file(std::vector<ProjectedFile>& files, const ProjectionSource& source, std::string_view path,
                                std::string_view value, unsigned mode) {
    if (!is_safe_path(path))
        return Error(Code::invalid, fmt::format("{}: path \"{}\" leads out of the volume", source.what, path));
    ProjectedFile file{std::string(path), std::string(value), mode};
    if (source.base64) {
        TRY(file.content, decode_base64(value));
    }
    files.push_back(std::move(file));
    return ok();
}

Result<std::vector<ProjectedFile>> project(const ProjectionSource& source, const ProjectionMaps& maps,
                                           const api::List<api::KeyToPath>& items) {
    std::vector<ProjectedFile> files;
    if (items.empty()) {
        for (const auto& [map, base64] : maps) {
            ProjectionSource one = source;
            one.base64 = base64;
            for (const auto& [key, value] : *map)
                TRY_VOID(add_projected_file(files, one, key.view(), value.view(), source.default_mode));
        }
        return files;
    }
    for (const auto& item : items) {
        bool found = false;
        for (const auto& [map, base64] : maps) {
            const api::Str* value = map->get(item.key.view());
            if (!value) continue;
            ProjectionSource one = source;
            one.base64 = base64;
            const unsigned mode = item.mode ? static_cast<unsigned>(*item.mode) : source.default_mode;
            TRY_VOID(add_projected_file(files, one, item.path.view(), value->view(), mode));
            found = true;
        }
        if (!found && !source.optional)
            return Error(Code::not_found, fmt::format("references non-existent {} key: {}", source.what, item.key.view()));
    }
    return files;
}

namespace {

Result<void> write_file(const std::string& path, const ProjectedFile& file, int64_t gid) {
    UniqueFd fd(open(path.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return Error::from_errno("make " + path, errno);
    size_t done = 0;
    while (done < file.content.size()) {
        const ssize_t wrote = ::write(fd.get(), file.content.data() + done, file.content.size() - done);
        if (wrote < 0) return Error::from_errno("write " + path, errno);
        done += static_cast<size_t>(wrote);
    }
    if (gid >= 0 && fchown(fd.get(), static_cast<uid_t>(-1), static_cast<gid_t>(gid)) != 0)
        return Error::from_errno("chown " + path, errno);
    // A group that owns the volume reads it, as fsGroup promises.
    const unsigned mode = gid >= 0 ? file.mode | 0040U : file.mode;
    if (fchmod(fd.get(), mode) != 0) return Error::from_errno("chmod " + path, errno);
    return ok();
}

bool has_content(const std::string& path, const std::string& content) {
    UniqueFd fd(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    struct stat found {};
    if (!fd || fstat(fd.get(), &found) != 0 || static_cast<size_t>(found.st_size) != content.size()) return false;
    std::string text(content.size(), '\0');
    return pread(fd.get(), text.data(), text.size(), 0) == static_cast<ssize_t>(text.size()) && text == content;
}

bool is_current(const std::string& dir, const std::vector<ProjectedFile>& files) {
    std::error_code error;
    size_t count = 0;
    for (auto it = fs::recursive_directory_iterator(dir + "/..data/", error);
         !error && it != fs::recursive_directory_iterator(); it.increment(error))
        if (it->is_regular_file(error)) ++count;
    if (error || count != files.size()) return false;
    for (const auto& file : files)
        if (!has_content(dir + "/..data/" + file.path, file.content)) return false;
    return true;
}

/// Links DIR/NAME -> ..data/NAME for the first part of each path, and drops links that lead nowhere any more.
Result<void> link_entries(const std::string& dir, const std::vector<ProjectedFile>& files) {
    for (const auto& file : files) {
        const std::string first = file.path.substr(0, file.path.find('/'));
        if (symlink(("..data/" + first).c_str(), (dir + "/" + first).c_str()) != 0 && errno != EEXIST)
            return Error::from_errno(fmt::format("link {}/{}", dir, first), errno);
    }
    for (const auto& name : list_names(dir)) {
        const fs::path path = fs::path(dir) / name;
        std::error_code error;
        if (name.starts_with("..") || !fs::is_symlink(path, error)) continue;
        if (!fs::exists(path, error) && !error) fs::remove(path, error);
    }
    return ok();
}

Result<void> swap_data(const std::string& dir, const std::string& fresh_name) {
    std::error_code error;
    const fs::path old = fs::read_symlink(dir + "/..data", error);
    const std::string temporary = dir + "/..data_tmp";
    unlink(temporary.c_str());
    if (symlink(fresh_name.c_str(), temporary.c_str()) != 0) return Error::from_errno("link " + temporary, errno);
    if (rename(temporary.c_str(), (dir + "/..data").c_str()) != 0) return Error::from_errno("rename " + temporary, errno);
    if (!old.empty()) fs::remove_all(fs::path(dir) / old, error);
    return ok();
}

}  // namespace

Result<void> write_atomically(const std::string& dir, const std::vector<ProjectedFile>& files, int64_t gid) {
    // A crash may have come between the swap and the links.
    if (is_current(dir, files)) return link_entries(dir, files);
    std::string pattern = dir + "/..XXXXXX";
    if (!mkdtemp(pattern.data())) return Error::from_errno("make directory in " + dir, errno);
    const std::string fresh_name = pattern.substr(pattern.rfind('/') + 1);
    if (chmod(pattern.c_str(), 0755) != 0) return Error::from_errno("chmod " + pattern, errno);
    for (const auto& file : files) {
        const std::string path = fmt::format("{}/{}", pattern, file.path);
        std::error_code error;
        fs::create_directories(fs::path(path).parent_path(), error);
        auto written = write_file(path, file, gid);
        if (!written) {
            fs::remove_all(pattern, error);  // nothing half-written stays
            return written;
        }
    }
    TRY_VOID(swap_data(dir, fresh_name));
    return link_entries(dir, files);
}

Result<void> prepare_projection(const VolumeWork& work) { return make_volume_directory(work.path, 0755); }

Result<void> prepare_projection_in_memory(const VolumeWork& work) {
    TRY_VOID(prepare_projection(work));
    return mount_volume_tmpfs(work.path, 0, 0755);
}

Result<void> publish_projection(const VolumeWork& work) { return write_atomically(work.path, work.files, work.gid); }

}  // namespace orilla::node

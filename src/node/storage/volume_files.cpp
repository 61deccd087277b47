#include "storage/volume_files.hpp"

#include <fcntl.h>
#include <sys/stat.h>

#include <cerrno>
#include <charconv>
#include <cstdio>
#include <filesystem>

#include "orilla/base/durable.hpp"

namespace orilla::node {

bool exists(const std::string& path) { return access(path.c_str(), F_OK) == 0; }

Result<void> make_plain_directory(const std::string& path, mode_t mode) {
    if (mkdir(path.c_str(), mode) != 0 && errno != EEXIST) return Error::from_errno("make directory " + path, errno);
    if (chmod(path.c_str(), mode) != 0) return Error::from_errno("chmod " + path, errno);
    return ok();
}

Result<void> touch(const std::string& path) {
    UniqueFd made(open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!made) return Error::from_errno("make " + path, errno);
    return ok();
}

Result<void> remove_directory(const std::string& path) {
    std::error_code error;
    std::filesystem::remove_all(path, error);
    if (error) return Error::from_errno("remove " + path, error.value());
    return ok();
}

Result<UniqueFd> make_sparse(const std::string& file, int64_t bytes) {
    UniqueFd made(open(file.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!made) return Error::from_errno("make " + file, errno);
    if (ftruncate(made.get(), bytes) != 0) return Error::from_errno("make " + file + " as large as asked for", errno);
    return made;
}

Result<void> write_first_number(const std::string& file, int64_t number) {
    const std::string text = std::to_string(number) + "\n";
    UniqueFd made(open(file.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!made) return Error::from_errno("make " + file, errno);
    if (write(made.get(), text.data(), text.size()) != static_cast<ssize_t>(text.size()) || fsync(made.get()) != 0)
        return Error::from_errno("write " + file, errno);
    return ok();
}

Result<void> write_number(const std::string& file, int64_t number) {
    const std::string fresh = file + ".new";
    TRY_VOID(write_first_number(fresh, number));
    if (rename(fresh.c_str(), file.c_str()) != 0) return Error::from_errno("name " + file, errno);
    return sync_path(parent_directory(file));
}

Result<int64_t> read_number(const std::string& file) {
    constexpr size_t digits_max = 32;
    char text[digits_max];
    const UniqueFd from(open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!from && errno == ENOENT) return Error(Code::not_found, file + " is missing");
    if (!from) return Error::from_errno("open " + file, errno);
    const ssize_t length = read(from.get(), text, sizeof text);
    if (length < 0) return Error::from_errno("read " + file, errno);
    int64_t out = 0;
    const auto parsed = std::from_chars(text, text + length, out);
    if (parsed.ec != std::errc() || out < 0) return Error(Code::invalid, file + " holds no number");
    return out;
}

Result<UniqueFd> open_directory(const std::string& path) {
    UniqueFd out(open(path.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW));
    if (!out) return Error::from_errno("open " + path, errno);
    return out;
}

}  // namespace orilla::node

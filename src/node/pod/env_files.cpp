#include "pod/env_files.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>

#include "orilla/base/read_file.hpp"
#include "orilla/base/unique_fd.hpp"
#include "volumes/driver.hpp"

namespace orilla::node {
namespace {

constexpr std::string_view blanks = " \t\r";

std::string_view trimmed(std::string_view text) {
    const size_t from = text.find_first_not_of(blanks);
    if (from == text.npos) return {};
    return text.substr(from, text.find_last_not_of(blanks) + 1 - from);
}

Error bad_line(size_t number, std::string_view why) {
    return Error(Code::invalid, fmt::format("couldn't parse env file: line {}: {}", number, why));
}

/// Reads declaration after declaration.
class EnvFileReader {
  public:
    explicit EnvFileReader(std::string_view text) : rest_(text) {}

    Result<std::optional<std::string>> find(std::string_view key) {
        std::optional<std::string> found;
        while (!rest_.empty()) {
            const size_t number = line_;
            const std::string_view line = take_line();
            const std::string_view said = trimmed(line);
            if (said.empty() || said.front() == '#') continue;
            const size_t equals = said.find('=');
            if (equals == said.npos || equals == 0) return bad_line(number, "must be VAR='value'");
            const std::string_view name = trimmed(said.substr(0, equals));
            if (name.find_first_of(blanks) != name.npos) return bad_line(number, "must be VAR='value'");
            TRY(std::string value, read_value(line.substr(line.find('=') + 1), number));
            if (name == key) found = std::move(value);
        }
        return found;
    }

  private:
    std::string_view take_line() {
        const size_t end = rest_.find('\n');
        const std::string_view line = rest_.substr(0, end);
        rest_.remove_prefix(end == rest_.npos ? rest_.size() : end + 1);
        ++line_;
        return line;
    }

    /// `begun`: what its line has behind the equals sign. Between quotes everything means itself, line ends too.
    Result<std::string> read_value(std::string_view begun, size_t number) {
        const std::string_view said = trimmed(begun);
        if (!said.starts_with('\'')) return std::string(said);
        std::string value;
        std::string_view part = begun.substr(begun.find('\'') + 1);
        for (;;) {
            const size_t end = part.find('\'');
            value += part.substr(0, end);
            if (end != part.npos) {
                const std::string_view after = trimmed(part.substr(end + 1));
                if (!after.empty() && after.front() != '#') return bad_line(number, "text after the closing quote");
                return value;
            }
            if (rest_.empty()) return bad_line(number, "the quote is not closed");
            value += '\n';
            part = take_line();
        }
    }

    std::string_view rest_;
    size_t line_ = 1;
};

Result<std::string> read_env_file(const EnvFile& file) {
    const UniqueFd directory(open(file.directory.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    if (!directory) return Error::from_errno("volume " + file.directory, errno);
    open_how how{};
    // A pipe that somebody puts there would be waited for.
    how.flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
    how.resolve = RESOLVE_IN_ROOT | RESOLVE_NO_MAGICLINKS;
    const UniqueFd fd(static_cast<int>(syscall(SYS_openat2, directory.get(), file.path.c_str(), &how, sizeof how)));
    if (!fd && (errno == ENOENT || errno == ENOTDIR))
        return Error(Code::not_found, fmt::format("env file \"{}\" not found", file.path));
    if (!fd) return Error::from_errno(fmt::format("env file \"{}\"", file.path), errno);
    struct stat found {};
    if (fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode))
        return Error(Code::invalid, fmt::format("env file \"{}\" is not a file", file.path));
    return read_fd(fd.get(), fmt::format("env file \"{}\"", file.path), env_file_bytes_max);
}

}  // namespace

Result<std::optional<std::string>> find_env_file_value(std::string_view text, std::string_view key) {
    return EnvFileReader(text).find(key);
}

Result<EnvFiles> find_env_files(const api::Pod& pod, const api::Container& container, const std::string& pod_dir) {
    EnvFiles files;
    for (const auto& variable : container.env) {
        if (!variable.value_from || !variable.value_from->file_key_ref) continue;
        const api::FileKeySelector& ref = *variable.value_from->file_key_ref;
        const auto* volume = pod.spec.volumes.begin();
        while (volume != pod.spec.volumes.end() && volume->name != ref.volume_name) ++volume;
        if (volume == pod.spec.volumes.end() || !volume->empty_dir)
            return Error(Code::invalid,
                         fmt::format("cannot find the volume \"{}\" referenced by FileKeyRef", ref.volume_name.view()));
        EnvFile file{find_volume_path(*volume, pod_dir), ref.path.str()};
        files.try_emplace(std::move(file), Error(Code::unavailable, "it has not been read"));
        if (files.size() > env_files_max)
            return Error(Code::invalid, fmt::format("the environment comes from more than {} files", env_files_max));
    }
    return files;
}

EnvFiles read_env_files(EnvFiles files) {
    for (auto& [file, text] : files) text = read_env_file(file);
    return files;
}

}  // namespace orilla::node

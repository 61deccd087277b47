#include "config_sources.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "orilla/base/read_file.hpp"
#include "orilla/schema/utf8.hpp"
#include "resources.hpp"

namespace orilla::cli {
namespace fs = std::filesystem;
namespace {

constexpr size_t config_key_bytes_max = 253;

bool is_name_char(char c) { return isalnum(static_cast<unsigned char>(c)) || c == '-' || c == '_' || c == '.'; }

/// Collects entries and refuses what cannot stand beside what is there.
class Collector {
  public:
    Collector(std::string object, std::string name) : object_(std::move(object)), name_(std::move(name)) {}

    Result<void> add(ConfigEntry entry) {
        if (entry.key.size() > config_key_bytes_max)
            return usage(
                fmt::format("a key name has {} characters, at most {} are allowed", entry.key.size(), config_key_bytes_max));
        if (entry.key == "." || entry.key.starts_with(".."))
            return usage(fmt::format("\"{}\" is not a valid key name for a {}: it must not be '.' or start with '..'",
                                     entry.key, object_));
        if (!is_config_key(entry.key))
            return usage(fmt::format(
                "\"{}\" is not a valid key name for a {}: a valid config key must consist of alphanumeric characters, '-', '_' "
                "or '.' (e.g. 'key.name',  or 'KEY_NAME',  or 'key-name', regex used for validation is '[-._a-zA-Z0-9]+')",
                entry.key, object_));
        if (std::ranges::find(entries, entry.key, &ConfigEntry::key) != entries.end())
            return usage(fmt::format("cannot add key \"{}\", another key by that name already exists in Data for {} \"{}\"",
                                     entry.key, object_, name_));
        bytes_ += entry.value.size();
        if (bytes_ > config_bytes_max)
            return usage(
                fmt::format("the values have more than {} together, the most that is read", render_bytes(config_bytes_max)));
        entries.push_back(std::move(entry));
        return ok();
    }

    std::vector<ConfigEntry> entries;

  private:
    std::string object_, name_;
    size_t bytes_ = 0;
};

Result<std::string> read_bytes(const std::string& path) {
    auto text = read_file(path, config_file_bytes_max);
    if (!text) return std::move(text).error().with_context("error");
    return text;
}

struct FileSource {
    std::string key, path;
};

Result<FileSource> parse_file_source(const std::string& text) {
    const size_t equals = text.find('=');
    if (equals == std::string::npos) return FileSource{fs::path(text).filename().string(), text};
    if (equals == 0) return usage(fmt::format("key name for file path {} missing", text.substr(1)));
    if (equals + 1 == text.size()) return usage(fmt::format("file path for key name {} missing", text.substr(0, equals)));
    if (text.find('=', equals + 1) != std::string::npos) return usage("key names or file paths cannot contain '='");
    return FileSource{text.substr(0, equals), text.substr(equals + 1)};
}

Result<void> add_file(Collector& out, const std::string& key, const std::string& path) {
    TRY(std::string text, read_bytes(path));
    return out.add({key, std::move(text)});
}

/// The regular files of a directory, by name; directories below and links are left out, as kubectl does.
Result<void> add_directory(Collector& out, const std::string& path) {
    std::error_code failed;
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(path, failed)) {
        std::error_code ignored;
        if (entry.symlink_status(ignored).type() == fs::file_type::regular) names.push_back(entry.path().filename().string());
    }
    if (failed) return usage(fmt::format("error listing files in {}: {}", path, failed.message()));
    std::ranges::sort(names);
    for (const auto& name : names) TRY_VOID(add_file(out, name, fmt::format("{}/{}", path, name)));
    return ok();
}

Result<void> add_file_source(Collector& out, const std::string& text) {
    TRY(const FileSource source, parse_file_source(text));
    std::error_code failed;
    const fs::file_status status = fs::status(source.path, failed);
    if (!fs::exists(status)) return usage(fmt::format("error reading {}: no such file or directory", source.path));
    if (!fs::is_directory(status)) return add_file(out, source.key, source.path);
    if (text.find('=') != std::string::npos) return usage("cannot give a key name for a directory path");
    return add_directory(out, source.path);
}

}  // namespace

bool is_config_key(std::string_view key) {
    return !key.empty() && key.size() <= config_key_bytes_max && std::ranges::all_of(key, is_name_char) && key != "." &&
           !key.starts_with("..");
}

Result<std::vector<ConfigEntry>> parse_env_file(std::string_view text) {
    std::vector<ConfigEntry> out;
    if (text.starts_with("\xef\xbb\xbf")) text.remove_prefix(3);
    for (size_t line_number = 1; !text.empty(); ++line_number) {
        const size_t end = std::min(text.find('\n'), text.size());
        std::string_view line = text.substr(0, end);
        text.remove_prefix(std::min(end + 1, text.size()));
        if (line.ends_with('\r')) line.remove_suffix(1);
        while (!line.empty() && isspace(static_cast<unsigned char>(line.front()))) line.remove_prefix(1);
        if (line.empty() || line.front() == '#') continue;
        if (!api::is_utf8(line)) return usage(fmt::format("env file line {} contains invalid utf8 bytes", line_number));
        const std::string key(line.substr(0, line.find('=')));
        if (!is_config_key(key) || isdigit(static_cast<unsigned char>(key[0])))
            return usage(
                fmt::format("\"{}\" is not a valid key name: a valid environment variable name must consist of alphabetic "
                            "characters, digits, '_', '-', or '.', and must not start with a digit (e.g. 'my.env-name',  or "
                            "'MY_ENV.NAME',  or 'MyEnvName1', regex used for validation is '[-._a-zA-Z][-._a-zA-Z0-9]*')",
                            key));
        const char* ours = getenv(key.c_str());
        const size_t equals = line.find('=');
        out.push_back({key, equals != std::string_view::npos ? std::string(line.substr(equals + 1)) : ours ? ours : ""});
    }
    return out;
}

Result<std::vector<ConfigEntry>> read_config_sources(const Options& options, const std::string& object,
                                                     const std::string& name) {
    if (!options.from_env_file.empty() && (!options.from_file.empty() || !options.from_literal.empty()))
        return usage("from-env-file cannot be combined with from-file or from-literal");
    Collector out(object, name);
    for (const auto& literal : options.from_literal) {
        const size_t equals = literal.find('=');
        if (equals == std::string::npos || equals == 0)
            return usage(fmt::format("invalid literal source {}, expected key=value", literal));
        TRY_VOID(out.add({literal.substr(0, equals), literal.substr(equals + 1)}));
    }
    for (const auto& file : options.from_file) TRY_VOID(add_file_source(out, file));
    for (const auto& file : options.from_env_file) {
        TRY(const std::string text, read_bytes(file));
        TRY(auto entries, parse_env_file(text));
        for (auto& entry : entries) TRY_VOID(out.add(std::move(entry)));
    }
    return std::move(out.entries);
}

}  // namespace orilla::cli

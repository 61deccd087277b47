#include "orilla/base/file_system.hpp"

#include <dirent.h>

#include <memory>
#include <string_view>

namespace orilla {
namespace {
struct CloseDirectory {
    void operator()(DIR* open) const { closedir(open); }
};
}  // namespace

std::vector<std::string> list_names(const std::string& directory) {
    std::vector<std::string> names;
    const std::unique_ptr<DIR, CloseDirectory> open(opendir(directory.c_str()));
    while (const dirent* entry = open ? readdir(open.get()) : nullptr)
        if (const std::string_view name = entry->d_name; name != "." && name != "..") names.emplace_back(name);
    return names;
}

}  // namespace orilla

#include "storage/make_ext4.hpp"

#include <unistd.h>

#include "storage/tool.hpp"

namespace orilla::node {
namespace {

constexpr int make_ms_max = 120'000;

std::string find_tool() {
    for (const char* path : {"/usr/sbin/mkfs.ext4", "/sbin/mkfs.ext4", "/usr/local/sbin/mkfs.ext4", "/usr/bin/mkfs.ext4"})
        if (access(path, X_OK) == 0) return path;
    return "";
}

}  // namespace

Result<void> make_ext4(const std::string& file) {
    const std::string tool = find_tool();
    if (tool.empty())
        return Error(Code::unavailable,
                     "mkfs.ext4 is missing: volumes of orilla.dev/local are ext4 file systems in files; install e2fsprogs");
    return run_tool(
        tool,
        {"mkfs.ext4", "-q", "-F", "-m", "0", "-E", "nodiscard,lazy_itable_init=1,lazy_journal_init=1,root_owner=0:0", file},
        make_ms_max);
}

}  // namespace orilla::node

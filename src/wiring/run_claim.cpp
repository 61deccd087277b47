#include "run_claim.hpp"

#include <fmt/core.h>
#include <cerrno>
#include <filesystem>
#include <fstream>

namespace orilla::wiring {
namespace fs = std::filesystem;

Result<void> claim_run_directory(const std::string& run_dir, const std::string& data_dir) {
    std::error_code failed;
    const std::string own = fs::weakly_canonical(data_dir, failed).string();
    if (failed) return Error::from_errno("look at " + data_dir, failed.value());
    const fs::path note = fs::path(run_dir) / "data-dir";
    std::string other;
    std::getline(std::ifstream(note), other);
    const fs::directory_iterator pods(fs::path(run_dir) / "pods", failed);
    const bool has_pods = !failed && pods != fs::directory_iterator();
    if (!other.empty() && other != own && has_pods)
        return Error(Code::conflict, fmt::format("{} holds the pods of data directory {}, which this start on {} would end: "
                                                 "use that --data-dir, or another --run-dir; if it is gone for good, remove {}",
                                                 run_dir, other, own, note.string()));
    if (other == own) return ok();
    const fs::path unfinished = note.string() + ".new";
    if (std::ofstream out(unfinished); !(out << own << "\n" << std::flush))
        return Error::from_errno("write " + unfinished.string(), errno);
    fs::rename(unfinished, note, failed);
    if (failed) return Error::from_errno("write " + note.string(), failed.value());
    return ok();
}

}  // namespace orilla::wiring

#include "orilla/images/workers.hpp"

#include <utility>

#include "orilla/base/program_pages.hpp"

#include "worker_fds.hpp"

namespace orilla::images {

std::optional<int> run_worker(std::string_view verb) {
    static constexpr std::pair<std::string_view, int (*)()> workers[] = {
        {"puller", puller_main}, {"importer", importer_main}, {"unpacker", unpacker_main}, {"sweeper", sweeper_main}};
    for (const auto& [name, run] : workers) {
        if (verb != name) continue;
        load_program_by_pages();  // beside the daemon, in the same memory cgroup
        return run();
    }
    return std::nullopt;
}

}  // namespace orilla::images

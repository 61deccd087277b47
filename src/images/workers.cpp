#include "orilla/images/workers.hpp"

#include "worker_fds.hpp"

namespace orilla::images {

std::optional<int> run_worker(std::string_view verb) {
    if (verb == "puller") return puller_main();
    if (verb == "importer") return importer_main();
    if (verb == "unpacker") return unpacker_main();
    if (verb == "sweeper") return sweeper_main();
    return std::nullopt;
}

}  // namespace orilla::images

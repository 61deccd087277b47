#include "messages.hpp"
#include "worker_fds.hpp"

namespace orilla::images {

int puller_main() {
    json::object message;
    message["error"] = encode_error(Error(Code::unsupported, "this build has no registry client"));
    return Channel(channel_fd).send(message) ? 1 : 2;
}

}  // namespace orilla::images

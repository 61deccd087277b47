// A packet between daemon and supervisor, of an older or newer version or of nobody: what is read is written again in the same
// numbers, and is only ever one message.
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "supervisor/messages.hpp"

using namespace orilla::supervisor;

namespace {

template <class Body>
int look_at(const Message& message) {
    Body body;
    if (!read_message(message, body)) return 0;
    const Message again = write_message(body, message.request);
    // Numbers that the message does not use are nobody's.
    for (size_t i = 0; i < 4; ++i)
        if (again.number[i] != 0 && again.number[i] != message.number[i]) std::abort();
    Body same;
    if (again.type != message.type || !read_message(again, same)) std::abort();
    return 1;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    Message message{};
    if (size != sizeof message) return 0;
    std::memcpy(&message, data, sizeof message);
    const int read = look_at<Hello>(message) + look_at<StartContainer>(message) + look_at<StartExec>(message) +
                     look_at<SendSignal>(message) + look_at<Forget>(message) + look_at<Shutdown>(message) +
                     look_at<HelloReply>(message) + look_at<Started>(message) + look_at<StartFailed>(message) +
                     look_at<Exited>(message) + look_at<Done>(message) + look_at<Refused>(message);
    if (read > 1) std::abort();
    if (is_answer<Hello>(message) && is_answer<Forget>(message)) std::abort();
    return 0;
}

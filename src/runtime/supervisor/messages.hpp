// What daemon and supervisor say to each other, by name: the one place that knows which number of a packet is what. Pure, and
// without a libc. A reader refuses what nobody could have meant. Numbers that a message does not use are not looked at, and a
// later version of the wire is read like ours: a newer peer says more, never something else.
#pragma once

#include "plan_format.hpp"
#include "wire.hpp"

namespace orilla::supervisor {

inline constexpr int64_t handle_max = UINT32_MAX;
inline constexpr int64_t pid_max = INT32_MAX;
inline constexpr int64_t errno_max = 4095;
inline constexpr int64_t signal_max = 64;
inline constexpr int64_t exit_code_max = 255;

/// A message that says no more than its type.
template <MessageType kind>
struct Plain {
    static constexpr MessageType type = kind;
    template <class Self, class Numbers>
    static bool each(Self&, Numbers&) {
        return true;
    }
};

// ---- from the supervisor ---------------------------------------------------------------------------------------------

using Done = Plain<MessageType::done>;

struct HelloReply {
    static constexpr MessageType type = MessageType::hello_reply;
    int pid = 0;
    template <class Self, class Numbers>
    static bool each(Self& self, Numbers& number) {
        return number(self.pid, 1, pid_max);
    }
};

/// fd: the terminal's master, if there is one.
struct Started {
    static constexpr MessageType type = MessageType::started;
    uint32_t handle = 0;
    int pid = 0;
    int64_t wall_ns = 0;
    template <class Self, class Numbers>
    static bool each(Self& self, Numbers& number) {
        return number(self.handle, 1, handle_max) && number(self.pid, 1, pid_max) && number(self.wall_ns, INT64_MIN, INT64_MAX);
    }
};

struct StartFailed {
    static constexpr MessageType type = MessageType::start_failed;
    int step = -1;   ///< of the plan; -1: none of them
    int error = 0;   ///< errno
    int no_run = 0;  ///< 1: the plan never ran
    template <class Self, class Numbers>
    static bool each(Self& self, Numbers& number) {
        return number(self.step, -1, plan_steps_max - 1) && number(self.error, 1, errno_max) && number(self.no_run, 0, 1);
    }
};

/// The one event: answers nobody.
struct Exited {
    static constexpr MessageType type = MessageType::exited;
    uint32_t handle = 0;
    int exit_code = 0;
    int signal = 0;  ///< what killed it, else 0
    int64_t wall_ns = 0;
    template <class Self, class Numbers>
    static bool each(Self& self, Numbers& number) {
        return number(self.handle, 1, handle_max) && number(self.exit_code, 0, exit_code_max) &&
               number(self.signal, 0, signal_max) && number(self.wall_ns, INT64_MIN, INT64_MAX);
    }
};

struct Refused {
    static constexpr MessageType type = MessageType::refused;
    int error = 0;  ///< errno
    template <class Self, class Numbers>
    static bool each(Self& self, Numbers& number) {
        return number(self.error, 1, errno_max);
    }
};

// ---- from the daemon: what is answered, if it is not refused, and whether that may be StartFailed ---------------------

struct Hello : Plain<MessageType::hello> {
    using Answer = HelloReply;
    static constexpr bool starts = true;
};

struct StartContainer : Plain<MessageType::start_container> {
    using Answer = Started;
    static constexpr bool starts = true;
};

struct StartExec : Plain<MessageType::start_exec> {
    using Answer = Started;
    static constexpr bool starts = true;
};

struct SendSignal {
    static constexpr MessageType type = MessageType::signal;
    using Answer = Done;
    static constexpr bool starts = false;
    uint32_t handle = 0;
    int signal = 0;
    template <class Self, class Numbers>
    static bool each(Self& self, Numbers& number) {
        return number(self.handle, 1, handle_max) && number(self.signal, 1, signal_max);
    }
};

struct Forget {
    static constexpr MessageType type = MessageType::forget;
    using Answer = Done;
    static constexpr bool starts = false;
    uint32_t handle = 0;
    template <class Self, class Numbers>
    static bool each(Self& self, Numbers& number) {
        return number(self.handle, 1, handle_max);
    }
};

struct Shutdown : Plain<MessageType::shutdown> {
    using Answer = Done;
    static constexpr bool starts = false;
};

// ---- packets ---------------------------------------------------------------------------------------------------------

class NumberWriter {
  public:
    explicit NumberWriter(int64_t* numbers) : next_(numbers) {}
    template <class T>
    bool operator()(const T& value, int64_t, int64_t) {
        *next_++ = value;
        return true;
    }

  private:
    int64_t* next_;
};

class NumberReader {
  public:
    explicit NumberReader(const int64_t* numbers) : next_(numbers) {}
    template <class T>
    bool operator()(T& value, int64_t least, int64_t most) {
        const int64_t number = *next_++;
        value = (T)number;
        return number >= least && number <= most;
    }

  private:
    const int64_t* next_;
};

/// `request` is 0 for events, and that of the question for its answer.
template <class Body>
Message write_message(const Body& body, uint32_t request) {
    Message message{wire_version, Body::type, request, {}};
    NumberWriter writer(message.number);
    Body::each(body, writer);
    return message;
}

/// False when it is another message, or none that makes sense.
template <class Body>
bool read_message(const Message& message, Body& body) {
    NumberReader reader(message.number);
    return message.version >= wire_version && message.type == Body::type && Body::each(body, reader);
}

/// Whether that can be the answer to a `Request` that was not refused.
template <class Request>
bool is_answer(const Message& message) {
    typename Request::Answer answer;
    StartFailed failed;
    return read_message(message, answer) || (Request::starts && read_message(message, failed));
}

}  // namespace orilla::supervisor

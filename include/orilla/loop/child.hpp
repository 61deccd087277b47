// A child process of our own binary (puller, unpacker) or of a test: started with exactly the fds it is given, watched
// by pidfd, killed when its owner lets go of it. Never blocks the loop.
#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::loop {

struct SpawnSpec {
    std::string path;               ///< executable, for example /proc/self/exe
    std::vector<std::string> argv;  ///< argv[0] included
    std::vector<std::string> env;   ///< NAME=value; nothing is inherited
    /// {fd of ours, its number in the child}; every other fd is closed. 0, 1 and 2 are /dev/null unless named here.
    std::vector<std::pair<int, int>> fds;
};

/// How a child ended: by exit(code) or by a signal, as in waitid(2).
struct ExitStatus {
    int code = 0;    ///< exit code, 0 when killed by a signal
    int signal = 0;  ///< 0 when it exited
    bool success() const { return code == 0 && signal == 0; }
    /// "exited with code 3", "killed by signal 9".
    std::string describe() const;
};

class Child {
  public:
    Child() = default;
    /// Without a loop whoever lets go of it waits for its end: for threads that may block.
    Child(Loop* loop, pid_t pid, UniqueFd pidfd) : loop_(loop), pid_(pid), pidfd_(std::move(pidfd)) {}
    Child(Child&& other) noexcept : loop_(other.loop_), pid_(std::exchange(other.pid_, 0)), pidfd_(std::move(other.pidfd_)) {}
    Child& operator=(Child&& other) noexcept;
    /// Kills a child that was not waited for; the loop reaps it when it has ended, which one in uninterruptible sleep may
    /// never do.
    ~Child();

    pid_t pid() const { return pid_; }
    int pidfd() const { return pidfd_.get(); }
    /// pidfd_send_signal(2); nothing happens when it has ended.
    void kill(int signal) const;
    /// Waits for the end on the loop and reaps. Once.
    Task<ExitStatus> wait();
    /// It goes on by itself; as long as the loop is there, that reaps it.
    void let_go();

  private:
    void kill_and_reap();
    Loop* loop_ = nullptr;
    pid_t pid_ = 0;
    UniqueFd pidfd_;
};

/// Every descriptor from `first` on is closed by exec. For use between clone and exec: makes system calls and nothing else.
void close_on_exec_from(int first);

/// vfork-like: the parent is stopped until exec, which takes some 0.3 ms; an error of exec is returned here.
Result<Child> spawn_child(Loop& loop, const SpawnSpec& spec);
/// The same on a thread that may block.
Result<Child> spawn_child(const SpawnSpec& spec);

}  // namespace orilla::loop

// Events outlive the daemon, though not the box: they are kept in a file on a file system in memory, written behind in
// one append for all that happened meanwhile, and put back at the next start with their names, uids and times. It promises
// never to hold up the loop, to stay within a size, and to take from a torn or damaged file what is whole in it.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/loop/io_thread.hpp"
#include "orilla/store/events.hpp"

namespace orilla::store {

struct EventArchiveLimits {
    size_t file_bytes_max = size_t{512} << 10;  ///< past it the newest that fit into half of it are written afresh
    int64_t age_s_max = 3600;
    int64_t write_delay_ms = 1000;  ///< what a daemon that is killed loses
    int restored_per_turn = 32;     ///< before others get the loop
};

/// The latest line of each event in the file, oldest first; views into `text`. A line that is not whole is left out.
std::vector<std::string_view> parse_event_archive(std::string_view text);

class EventArchive {
  public:
    /// All must outlive it; jobs are handed to `executor`.
    EventArchive(loop::Loop& loop, loop::Executor& executor, Store& store, EventRecorder& recorder, std::string path,
                 EventArchiveLimits limits = {});
    /// Goes on in the background: puts back what is there, then follows.
    void start();
    /// Writes what is still waiting; nothing is written afterwards.
    Task<void> close();

  private:
    Task<void> run();
    Task<void> restore();
    Task<bool> put_back(std::string line);
    Task<void> rewrite();
    Task<void> follow();
    Task<void> write_pending();
    void drain();
    void take(const WatchEvent& event);
    void report(const Result<void>& written);

    loop::Loop& loop_;
    loop::Executor& executor_;
    Store& store_;
    EventRecorder& recorder_;
    const std::string path_;
    const EventArchiveLimits limits_;
    std::unique_ptr<Watch> watch_;
    std::string pending_;
    size_t file_bytes_ = 0;
    bool outrun_ = false;   ///< the watch or the pending lines are too far behind: the file is written afresh
    bool reported_ = false;
    std::unique_ptr<loop::Scope> scope_;
};

/// Whether a file there is in memory only.
bool is_in_memory(const std::string& directory);

}  // namespace orilla::store

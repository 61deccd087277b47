// Objects of one resource outlive the daemon, though not the box: they are kept in a file on a file system in memory, a line
// for each change, written behind in one append for all that happened meanwhile. It promises never to hold up the loop and to
// stay within a size; who reads the lines back takes from a torn or damaged file what is whole in it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/loop/io_thread.hpp"
#include "orilla/loop/task.hpp"
#include "orilla/store/store.hpp"

namespace orilla::objects {

struct MemoryArchiveLimits {
    size_t file_bytes_max = size_t{512} << 10;  ///< past it the newest that fit into half of it are written afresh
    int64_t write_delay_ms = 1000;              ///< what a daemon that is killed loses
    int restored_per_turn = 32;                 ///< before others get the loop
};

/// The latest line of each object in the file, oldest first; views into `text`. A line that is not whole is left out.
std::vector<std::string_view> parse_memory_archive(std::string_view text);

class MemoryArchive {
  public:
    virtual ~MemoryArchive();
    /// Writes what is still waiting; nothing is written afterwards.
    loop::Task<void> close();

  protected:
    /// All must outlive it; jobs are handed to `executor`. `resource` is a literal.
    MemoryArchive(loop::Loop& loop, loop::Executor& executor, store::Store& store, std::string_view resource, std::string path,
                  MemoryArchiveLimits limits);
    /// What is kept of an object, without a newline; empty: nothing.
    virtual std::string render(const store::EntryPtr& entry) = 0;
    /// False when nobody misses it.
    virtual loop::Task<bool> put_back(std::string line) = 0;

    /// Everything of the file, oldest first.
    loop::Task<void> restore();
    /// Goes on in the background, from what there is now.
    void follow_in_background(loop::Task<void> first);

    loop::Loop& loop_;
    store::Store& store_;

  private:
    loop::Task<void> run(loop::Task<void> first);
    loop::Task<void> rewrite();
    loop::Task<void> follow();
    loop::Task<void> write_pending();
    loop::Task<std::string> render_all(store::Listing listing);
    void drain();
    void take(const store::WatchEvent& event);
    void report(const Result<void>& written);

    loop::Executor& executor_;
    const std::string_view resource_;
    const std::string path_;
    const MemoryArchiveLimits limits_;
    std::unique_ptr<store::Watch> watch_;
    std::string pending_;
    size_t file_bytes_ = 0;
    bool outrun_ = false;  ///< the watch or the pending lines are too far behind: the file is written afresh
    bool reported_ = false;
    std::unique_ptr<loop::Scope> scope_;
};

/// Whether a file there is in memory only.
bool is_in_memory(const std::string& directory);

}  // namespace orilla::objects

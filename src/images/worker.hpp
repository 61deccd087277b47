// The daemon's end of a worker: started with exactly the fds it needs, spoken to without ever blocking the loop, killed
// when its owner lets go of it.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "messages.hpp"
#include "orilla/loop/child.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::images {

class Worker {
  public:
    /// `fds`: {ours, the worker's number}; the channel is added.
    static Result<std::unique_ptr<Worker>> start(loop::Loop& loop, const std::string& program, const std::string& verb,
                                                 std::vector<std::pair<int, int>> fds);
    Worker(loop::Loop& loop, std::string verb, loop::Child child, UniqueFd channel);

    loop::Task<Result<void>> send(json::object message);
    /// The next message. An error that the worker reports, or its sudden end, is the error returned here; silence for
    /// `idle_ms_max` is one, too.
    loop::Task<Result<json::object>> receive(int64_t idle_ms_max);

  private:
    loop::Task<Result<std::string>> read_line();
    loop::Task<Result<void>> write_all(std::string text);
    loop::Task<Error> sudden_end();

    loop::Loop& loop_;
    std::string verb_;
    loop::Child child_;
    UniqueFd channel_;
    loop::FdWatch watch_;
    std::string buffer_;
    size_t scanned_bytes_ = 0;
};

}  // namespace orilla::images

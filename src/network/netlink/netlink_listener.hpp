// A netlink socket that only listens. The kernel filters: what the filter drops wakes nobody.
#pragma once

#include <linux/filter.h>

#include <memory>
#include <string>
#include <vector>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::network {

struct NetlinkListenSpec {
    int protocol = 0;
    std::vector<int> groups;
    /// Its loads are big-endian: compare with htons(3) and htonl(3) of what netlink has in the machine's order.
    std::vector<sock_filter> filter;
    const char* what = "";  ///< "devices", for errors
};

class NetlinkListener {
  public:
    /// In the calling thread's network namespace, from now on.
    static Result<std::unique_ptr<NetlinkListener>> open(loop::Loop& loop, NetlinkListenSpec spec);
    /// The next datagram; an empty one when there were too many to keep all.
    loop::Task<Result<std::string>> next();
    /// Forgets what has come meanwhile.
    void drain();

  private:
    NetlinkListener(loop::Loop& loop, UniqueFd fd, const char* what)
        : fd_(std::move(fd)), watch_(loop, fd_.get()), what_(what) {}
    UniqueFd fd_;
    loop::FdWatch watch_;
    const char* what_;
};

}  // namespace orilla::network

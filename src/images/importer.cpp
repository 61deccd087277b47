// The importer: takes an archive of images apart. Like the puller it is nobody, sees no file system but the blobs (and the
// layout that it was given), and has no network.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>

#include "archive.hpp"
#include "digest.hpp"
#include "inflate.hpp"
#include "limits.hpp"
#include "messages.hpp"
#include "orilla/loop/confine.hpp"
#include "worker_fds.hpp"

namespace orilla::images {

namespace {

Result<void> confine_importer(uint32_t uid, bool layout) {
    loop::ResourceLimits limits;
    limits.file_bytes = static_cast<uint64_t>(blob_bytes_max);
    TRY_VOID(loop::limit_resources(limits));
    if (layout) {
        TRY(const int made, loop::detached_view(source_fd));
        UniqueFd view(made);
        if (dup3(view.get(), source_fd, O_CLOEXEC) < 0) return Error::from_errno("dup3", errno);
    }
    TRY_VOID(loop::enter_directory(directory_fd));
    UniqueFd root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root || dup3(root.get(), directory_fd, O_CLOEXEC) < 0) return Error::from_errno("open the new root", errno);
    // Files of a layout may be readable by their owner only.
    TRY_VOID(loop::take_identity(uid, layout ? 1ULL << CAP_DAC_READ_SEARCH : 0));
    TRY_VOID(loop::forbid_new_privileges());
    TRY_VOID(loop::die_with_parent());
    return loop::allow_calls(
        {{"read",         "write",           "close",     "openat",    "openat2", "fcntl",         "dup",
          "fstat",        "newfstatat",      "statx",     "fstatfs",   "lseek",   "renameat",      "renameat2",
          "unlinkat",     "sendto",          "mmap",      "munmap",    "mremap",  "mprotect",      "madvise",
          "brk",          "futex",           "getrandom", "getpid",    "uname",   "clock_gettime", "rt_sigprocmask",
          "rt_sigreturn", "restart_syscall", "exit",      "exit_group"}});
}

int64_t clock_ms() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<int64_t>(now.tv_sec) * 1000 + now.tv_nsec / 1'000'000;
}

/// Tells the daemon how far reading has come, not too often.
class Reporter {
  public:
    Reporter(Channel& channel, int64_t total_bytes) : channel_(channel), total_bytes_(total_bytes) {}
    Result<void> at(int64_t bytes) {
        const int64_t now = clock_ms();
        if (now - last_ms_ < progress_ms_min) return ok();
        last_ms_ = now;
        json::object step;
        step["phase"] = "reading";
        step["layer"] = "";
        step["bytes"] = bytes;
        step["total_bytes"] = total_bytes_;
        json::object message;
        message["progress"] = std::move(step);
        return channel_.send(message);
    }

  private:
    Channel& channel_;
    int64_t total_bytes_;
    int64_t last_ms_ = 0;
};

Result<void> read_stream(TarFiles& files, Reporter& reporter) {
    TarReader reader(files);
    Inflater inflater([&reader](std::string_view bytes) { return reader.feed(bytes); });
    std::vector<char> buffer(256 * 1024);
    int64_t bytes = 0;
    for (;;) {
        const ssize_t got = ::read(source_fd, buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) return Error::from_errno("read the archive", errno);
        if (got == 0) break;
        bytes += got;
        TRY_VOID(inflater.feed({buffer.data(), static_cast<size_t>(got)}));
        TRY_VOID(reporter.at(bytes));
    }
    if (bytes == 0) return Error(Code::corrupt, "the archive is empty");
    TRY_VOID(inflater.finish());
    return reader.finish();
}

Result<std::vector<Offer>> read_source(bool layout, const std::vector<std::string>& names, Reporter& reporter) {
    const Platform host = host_platform();
    if (layout) {
        DirectoryFiles files(source_fd, directory_fd, [&reporter](int64_t bytes) { return reporter.at(bytes); });
        return read_archive(files, names, host);
    }
    TarFiles files(directory_fd);
    auto read = read_stream(files, reporter);
    Result<std::vector<Offer>> offers = read ? read_archive(files, names, host) : Result<std::vector<Offer>>(read.error());
    std::set<std::string> kept;
    if (offers)
        for (const auto& offer : *offers)
            for (const auto& layer : offer.layers) kept.insert(layer.blob);
    files.drop_except(kept);
    return offers;
}

Result<void> import_images(Channel& channel) {
    TRY(const json::object request, channel.receive());
    struct stat seen {};
    if (fstat(source_fd, &seen) != 0) return Error::from_errno("stat the archive", errno);
    const bool layout = S_ISDIR(seen.st_mode);
    if (!layout && !S_ISREG(seen.st_mode) && !S_ISFIFO(seen.st_mode) && !S_ISSOCK(seen.st_mode))
        return Error(Code::invalid, "an archive is a file or a directory");
    // A pipe may have been opened for somebody who must not wait; this process is made for it.
    fcntl(source_fd, F_SETFL, fcntl(source_fd, F_GETFL) & ~O_NONBLOCK);
    sha256_of("");  // the library finds its algorithm before files are out of reach
    auto confined = confine_importer(static_cast<uint32_t>(number_of(request, "uid")), layout);
    if (!confined) return std::move(confined).error().with_context("confine the importer");
    Reporter reporter(channel, S_ISREG(seen.st_mode) ? seen.st_size : 0);
    TRY(const auto offers, read_source(layout, texts_of(request, "names"), reporter));
    json::array list;
    for (const auto& offer : offers) list.push_back(encode_offer(offer));
    json::object message;
    message["offers"] = std::move(list);
    return channel.send(message);
}

}  // namespace

int importer_main() {
    Channel channel(channel_fd);
    auto result = import_images(channel);
    if (result) return 0;
    json::object message;
    message["error"] = encode_error(result.error());
    (void)channel.send(message);
    return 1;
}

}  // namespace orilla::images

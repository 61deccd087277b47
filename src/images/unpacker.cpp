// The unpacker: one layer's bytes become files. It runs as root, because files get owners and setuid bits, but with five
// capabilities, no network, no other file system than the layer's directory (and read-only views of the layers below),
// and no system call that it does not need. It checks the digests of both streams before it says that it is done.
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/capability.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>

#include "digest.hpp"
#include "inflate.hpp"
#include "layer_writer.hpp"
#include "limits.hpp"
#include "messages.hpp"
#include "orilla/loop/confine.hpp"
#include "worker_fds.hpp"

namespace orilla::images {

namespace {

constexpr size_t read_bytes = 256 * 1024;

constexpr uint64_t bit(int capability) { return 1ULL << capability; }
constexpr uint64_t kept_capabilities =
    bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FOWNER) | bit(CAP_FSETID) | bit(CAP_SETFCAP);

Result<void> confine_unpacker(size_t lowers) {
    loop::ResourceLimits limits;
    limits.files = lowers + 64 + 2 * path_depth_max;
    TRY_VOID(loop::limit_resources(limits));
    std::vector<int> views;
    for (size_t i = 0; i < lowers; ++i) {
        const int fd = first_lower_fd + static_cast<int>(i);
        TRY(UniqueFd view, [&]() -> Result<UniqueFd> {
            TRY(const int made, loop::detached_view(fd));
            return UniqueFd(made);
        }());
        // The view takes the place of the fd from which the whole host could be seen.
        if (dup3(view.get(), fd, O_CLOEXEC) < 0) return Error::from_errno("dup3", errno);
    }
    TRY_VOID(loop::enter_directory(directory_fd));
    // Not O_PATH: what is written below is synced by this descriptor, and told of its errors only from here on.
    UniqueFd root(open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root || dup3(root.get(), directory_fd, O_CLOEXEC) < 0) return Error::from_errno("open the new root", errno);
    TRY_VOID(loop::take_identity(0, kept_capabilities));
    TRY_VOID(loop::forbid_new_privileges());
    TRY_VOID(loop::die_with_parent());
    return loop::allow_calls(
        {{"read",      "write",     "pread64",       "lseek",          "close",        "openat",          "openat2",
          "fcntl",     "dup",       "fstat",         "newfstatat",     "statx",        "fstatfs",         "mkdirat",
          "mknodat",   "symlinkat", "linkat",        "unlinkat",       "readlinkat",   "fchmod",          "fchmodat",
          "fchown",    "fchownat",  "utimensat",     "fsetxattr",      "fgetxattr",    "getdents64",      "syncfs",
          "sendto",    "mmap",      "munmap",        "mremap",         "mprotect",     "madvise",         "brk",
          "futex",     "getrandom", "clock_gettime", "rt_sigprocmask", "rt_sigreturn", "restart_syscall", "exit",
          "exit_group"}});
}

/// The whole way of a layer: blob, digest, decompression, digest, tar, files.
class Unpacking {
  public:
    Unpacking(std::string blob, std::string diff_id, LayerWriter& writer)
        : blob_(std::move(blob)),
          diff_id_(std::move(diff_id)),
          reader_(writer),
          inflater_([this](std::string_view bytes) { return take_plain(bytes); }) {}

    Result<void> run(int fd) {
        std::vector<char> buffer(read_bytes);
        for (;;) {
            const ssize_t got = ::read(fd, buffer.data(), buffer.size());
            if (got < 0 && errno == EINTR) continue;
            if (got < 0) return Error::from_errno("read blob", errno);
            if (got == 0) break;
            const std::string_view bytes(buffer.data(), static_cast<size_t>(got));
            read_bytes_ += got;
            if (two_streams()) compressed_hash_.update(bytes);
            TRY_VOID(inflater_.feed(bytes));
        }
        TRY_VOID(inflater_.finish());
        TRY_VOID(reader_.finish());
        return check_digests();
    }

  private:
    bool two_streams() const { return blob_ != diff_id_; }

    Result<void> take_plain(std::string_view bytes) {
        plain_bytes_ += static_cast<int64_t>(bytes.size());
        if (plain_bytes_ > expansion_free_bytes && plain_bytes_ / expansion_ratio_max > read_bytes_)
            return Error(Code::too_large, "expands to more than 250 times its size");
        if (plain_bytes_ > layer_bytes_max) return Error(Code::too_large, "unpacks to more than 32 GiB");
        plain_hash_.update(bytes);
        return reader_.feed(bytes);
    }

    Result<void> check_digests() {
        const std::string plain = plain_hash_.finish();
        if (two_streams()) {
            const std::string compressed = compressed_hash_.finish();
            if (compressed != blob_) return mismatch("", compressed, blob_);
        }
        if (plain != diff_id_) return mismatch("uncompressed ", plain, diff_id_);
        return ok();
    }

    static Error mismatch(const std::string& which, const std::string& found, const std::string& wanted) {
        return Error(Code::corrupt, fmt::format("{}digest is {}, expected {}", which, found, wanted));
    }

    std::string blob_, diff_id_;
    TarReader reader_;
    Inflater inflater_;
    Sha256 compressed_hash_, plain_hash_;
    int64_t read_bytes_ = 0;
    int64_t plain_bytes_ = 0;
};

json::object encode_report(const LayerReport& report) {
    json::object out;
    out["size_bytes"] = report.size_bytes;
    out["devices_dropped"] = static_cast<int64_t>(report.devices_dropped);
    out["xattrs_dropped"] = static_cast<int64_t>(report.xattrs_dropped);
    out["leans_on_lower"] = report.leans_on_lower;
    out["hides_lower"] = report.hides_lower;
    out["opaque_dirs"] = to_array(report.opaque_dirs);
    return out;
}

Result<void> unpack(Channel& channel) {
    TRY(const json::object request, channel.receive());
    const auto lowers = static_cast<size_t>(number_of(request, "lowers"));
    if (lowers > layers_max) return Error(Code::invalid, "too many layers");
    std::vector<int> lower_fds;
    for (size_t i = 0; i < lowers; ++i) lower_fds.push_back(first_lower_fd + static_cast<int>(i));
    // Both hashes, so that the library has found its algorithm before files are out of reach.
    LayerWriter writer(directory_fd, LowerView(lower_fds));
    Unpacking unpacking(text_of(request, "blob"), text_of(request, "diff_id"), writer);
    auto confined = confine_unpacker(lowers);
    if (!confined) return std::move(confined).error().with_context("confine the unpacker");
    umask(0);
    TRY_VOID(unpacking.run(source_fd));
    TRY(const LayerReport report, writer.finish());
    json::object message;
    message["report"] = encode_report(report);
    TRY_VOID(channel.send(message));
    // The daemon marks the opaque directories, then asks for everything to reach the disk.
    TRY_VOID(channel.receive());
    if (syncfs(directory_fd) != 0) return Error::from_errno("write to disk", errno);
    json::object done;
    done["done"] = true;
    return channel.send(done);
}

}  // namespace

int unpacker_main() {
    Channel channel(channel_fd);
    auto result = unpack(channel);
    if (result) return 0;
    json::object message;
    message["error"] = encode_error(result.error());
    (void)channel.send(message);
    return 1;
}

}  // namespace orilla::images

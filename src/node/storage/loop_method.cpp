// A file with an ext4 file system inside, VOLUME/image, mounted at VOLUME/mount while pods have it. Its size is what the file
// system inside allows. It works on every file system of the disk.
#include <fcntl.h>
#include <linux/capability.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/vfs.h>

#include <algorithm>
#include <cerrno>

#include "orilla/base/durable.hpp"
#include "storage/image_copy.hpp"
#include "storage/loop_device.hpp"
#include "storage/make_ext4.hpp"
#include "storage/volume_files.hpp"
#include "storage/volume_method.hpp"

namespace orilla::node {
namespace {

/// EXT4_IOC_RESIZE_FS, which no header of the kernel's has for us.
constexpr unsigned long ext4_resize = _IOW('f', 16, uint64_t);

bool is_mounted(const std::string& volume) {
    struct stat own {
    }, above{};
    const std::string at = volume + "/mount";
    return lstat(at.c_str(), &own) == 0 && lstat(volume.c_str(), &above) == 0 && own.st_dev != above.st_dev;
}

Result<void> mount_image(const std::string& volume) {
    TRY_VOID(make_plain_directory(volume + "/mount", 0711));
    TRY(const LoopDevice device, attach_loop_device(volume + "/image"));
    // What is deleted inside is free outside; an error stops the volume and nothing else.
    const std::string at = volume + "/mount";
    if (::mount(device.path.c_str(), at.c_str(), "ext4", 0, "discard,errors=remount-ro") != 0)
        return Error::from_errno("mount " + volume + "/image", errno);
    return ok();
}

/// Without this no mounted file system becomes larger, and none is asked to.
bool may_resize() { return prctl(PR_CAPBSET_READ, CAP_SYS_RESOURCE) == 1; }

/// The file system inside becomes as large as its file, while it is mounted.
Result<void> fill_image(const std::string& volume) {
    const std::string at = volume + "/mount";
    UniqueFd root(open(at.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    struct stat image {
    }, mounted{};
    struct statfs inside {};
    if (!root || stat((volume + "/image").c_str(), &image) != 0 || fstat(root.get(), &mounted) != 0 ||
        fstatfs(root.get(), &inside) != 0)
        return Error::from_errno("look at " + at, errno);
    TRY_VOID(refresh_loop_device(minor(mounted.st_dev)));
    const uint64_t blocks = static_cast<uint64_t>(image.st_size) / static_cast<uint64_t>(inside.f_bsize);
    if (ioctl(root.get(), ext4_resize, &blocks) != 0) return Error::from_errno("resize the file system on " + at, errno);
    return ok();
}

class LoopMethod final : public VolumeMethod {
  public:
    const char* name() const override { return "a file with a file system inside"; }
    const char* place() const override { return "/mount/data"; }
    const char* figure() const override { return "/image"; }
    Result<int64_t> size(const std::string& volume) const override;
    int64_t used(const std::string& volume) const override;
    int64_t due(const std::string& volume) const override;
    int64_t still_shared(const std::string&, int64_t bytes) const override { return bytes; }
    Result<void> make(const std::string& volume, int64_t bytes) const override;
    Result<void> prepare_copy(VolumeCopy& copy) const override;
    Result<CopiedVolume> copy(const VolumeCopy& copy) const override;
    Result<void> check_growth() const override;
    Result<void> grow(const std::string& volume, int64_t bytes) const override;
    Result<void> open(const std::string& volume) const override;
    bool is_open(const std::string& volume) const override { return is_mounted(volume); }
    Result<void> close(const std::string& volume, bool even_if_busy) const override;
    void recover(const std::string& volume) const override;
    Result<void> clear(const std::string& volume) const override { return close(volume, false); }
};

Result<int64_t> LoopMethod::size(const std::string& volume) const {
    struct stat image {};
    if (stat((volume + "/image").c_str(), &image) != 0) return Error::from_errno("look at " + volume + "/image", errno);
    return static_cast<int64_t>(image.st_size);
}

int64_t LoopMethod::used(const std::string& volume) const {
    struct stat image {};
    return stat((volume + "/image").c_str(), &image) == 0 ? int64_t{image.st_blocks} * stat_block_bytes : 0;
}

int64_t LoopMethod::due(const std::string& volume) const {
    const auto bytes = size(volume);
    return bytes ? std::max<int64_t>(*bytes - used(volume), 0) : 0;
}

Result<void> LoopMethod::make(const std::string& volume, int64_t bytes) const {
    const std::string file = volume + "/image";
    TRY(const UniqueFd image, make_sparse(file, bytes));
    TRY_VOID(make_ext4(file));
    if (fsync(image.get()) != 0) return Error::from_errno("sync " + file, errno);
    return ok();
}

Result<void> LoopMethod::prepare_copy(VolumeCopy& copy) const {
    TRY(const int64_t source_bytes, size(copy.source));
    if (copy.bytes > source_bytes && !may_resize())
        return Error(Code::unsupported,
                     "the daemon lacks CAP_SYS_RESOURCE, without which a copy cannot be larger than its source");
    if (!copy.in_use) return ok();
    // Here, because its last pod may unmount it later, and what is frozen would be the disk itself then.
    TRY(copy.held, open_directory(copy.source + "/mount"));
    return ok();
}

Result<CopiedVolume> LoopMethod::copy(const VolumeCopy& copy) const {
    const std::string from = copy.source + "/image", to = copy.target + "/image";
    const UniqueFd source(::open(from.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
    if (!source) return Error::from_errno("open " + from, errno);
    TRY(const UniqueFd target, make_sparse(to, copy.bytes));
    TRY(const CopiedVolume copied, copy_image(source, target, copy.held, copy.progress));
    if (fsync(target.get()) != 0) return Error::from_errno("sync " + to, errno);
    return copied;
}

Result<void> LoopMethod::check_growth() const {
    // Before the file is larger than what is inside could ever become.
    if (may_resize()) return ok();
    return Error(Code::unsupported, "the daemon lacks CAP_SYS_RESOURCE, without which no file system can be resized");
}

Result<void> LoopMethod::grow(const std::string& volume, int64_t bytes) const {
    const std::string file = volume + "/image";
    TRY(const int64_t have, size(volume));
    if (bytes > have) {
        if (truncate(file.c_str(), bytes) != 0) return Error::from_errno("grow " + file, errno);
        TRY_VOID(sync_path(file));
    }
    // One that nobody has is filled when it is mounted next.
    return is_mounted(volume) ? fill_image(volume) : ok();
}

Result<void> LoopMethod::open(const std::string& volume) const {
    if (!is_mounted(volume)) {
        TRY_VOID(mount_image(volume));
        if (may_resize()) TRY_VOID(fill_image(volume));
    }
    // Not the root of the file system, whose lost+found makes databases refuse the directory.
    const std::string seen = volume + place();
    return exists(seen) ? ok() : make_plain_directory(seen, 0777);
}

Result<void> LoopMethod::close(const std::string& volume, bool even_if_busy) const {
    if (!is_mounted(volume)) return ok();
    const std::string at = volume + "/mount";
    if (umount2(at.c_str(), UMOUNT_NOFOLLOW) == 0) return ok();
    if (errno == EBUSY && even_if_busy && umount2(at.c_str(), UMOUNT_NOFOLLOW | MNT_DETACH) == 0) return ok();
    return Error::from_errno("unmount " + at, errno);
}

/// A daemon that is killed in the middle of a copy leaves the volume's writers waiting.
void LoopMethod::recover(const std::string& volume) const {
    if (!is_mounted(volume)) return;
    if (const auto mounted = open_directory(volume + "/mount")) thaw(*mounted);
}

}  // namespace

const VolumeMethod& loop_method() {
    static const LoopMethod method;
    return method;
}

}  // namespace orilla::node

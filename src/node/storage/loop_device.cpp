#include "storage/loop_device.hpp"

#include <fcntl.h>
#include <linux/loop.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <cerrno>
#include <cstring>

namespace orilla::node {
namespace {

constexpr unsigned loop_major = 7;
constexpr uint32_t sector_bytes = 512;
/// Somebody else may take the number that was just free.
constexpr int free_tries_max = 32;

std::string device_path(int number) { return "/dev/loop" + std::to_string(number); }

UniqueFd open_device(int number) {
    const std::string path = device_path(number);
    UniqueFd fd(open(path.c_str(), O_RDWR | O_CLOEXEC));
    if (fd || errno != ENOENT) return fd;
    // A /dev that the kernel does not fill.
    if (mknod(path.c_str(), S_IFBLK | 0600, makedev(loop_major, static_cast<unsigned>(number))) != 0 && errno != EEXIST)
        return fd;
    return UniqueFd(open(path.c_str(), O_RDWR | O_CLOEXEC));
}

bool configure(const UniqueFd& device, const UniqueFd& file, const std::string& name, uint32_t flags) {
    loop_config config{};
    config.fd = static_cast<uint32_t>(file.get());
    config.info.lo_flags = LO_FLAGS_AUTOCLEAR | flags;
    // Newer kernels would take what the file wants for direct I/O (xfs: 4096 bytes, once it shares blocks), and ext4 with
    // blocks of 1024 bytes could not be mounted any more. Where both do not go together they leave direct I/O away.
    config.block_size = sector_bytes;
    strncpy(reinterpret_cast<char*>(config.info.lo_file_name), name.c_str(), LO_NAME_SIZE - 1);
    return ioctl(device.get(), LOOP_CONFIGURE, &config) == 0;
}

}  // namespace

Result<LoopDevice> attach_loop_device(const std::string& file) {
    UniqueFd backing(open(file.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
    if (!backing) return Error::from_errno("open " + file, errno);
    UniqueFd control(open("/dev/loop-control", O_RDWR | O_CLOEXEC));
    if (!control) return Error::from_errno("open /dev/loop-control (volumes need the kernel's loop devices)", errno);
    for (int i = 0; i < free_tries_max; ++i) {
        const int number = ioctl(control.get(), LOOP_CTL_GET_FREE);
        if (number < 0) return Error::from_errno("find a free loop device", errno);
        LoopDevice device{open_device(number), device_path(number)};
        if (!device.fd) return Error::from_errno("open " + device.path, errno);
        // Past the page cache, where the file system can: else each block would be in memory twice.
        if (configure(device.fd, backing, file, LO_FLAGS_DIRECT_IO)) return device;
        if (errno == EINVAL && configure(device.fd, backing, file, 0)) return device;
        if (errno != EBUSY) return Error::from_errno("attach " + file + " to " + device.path, errno);
    }
    return Error(Code::unavailable, "no loop device stayed free");
}

Result<void> refresh_loop_device(unsigned minor) {
    const UniqueFd device = open_device(static_cast<int>(minor));
    if (!device) return Error::from_errno("open " + device_path(static_cast<int>(minor)), errno);
    if (ioctl(device.get(), LOOP_SET_CAPACITY, 0) != 0) return Error::from_errno("resize the loop device", errno);
    return ok();
}

}  // namespace orilla::node

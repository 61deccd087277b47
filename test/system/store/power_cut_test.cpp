// Cuts the power under a store that is being written, again and again: an ext4 on a loop device is shut down without
// flushing its journal, so that everything that was not synced is gone. Every acknowledged write must be there
// afterwards, and revisions must not go back. Needs root and a loop device; exits 77 without.
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/mount.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>

#include "../../support/await.hpp"
#include "../../support/store_writer.hpp"

using namespace orilla;

namespace {

constexpr int rounds = 12;
constexpr int skipped = 77;
constexpr off_t image_bytes = 192 << 20;
// From the kernel's fs/ext4: not in the exported headers of every distribution.
constexpr unsigned long ext4_ioc_shutdown = _IOR('X', 125, uint32_t);
constexpr uint32_t going_without_log_flush = 2;

std::string work_dir;

void remove_work_dir() {
    std::error_code ignored;
    std::filesystem::remove_all(work_dir, ignored);
}

[[noreturn]] void skip(const char* why) {
    std::printf("1..0 # SKIP %s: %s\n", why, std::strerror(errno));
    std::exit(skipped);
}
[[noreturn]] void fail(const std::string& why) {
    std::printf("FAILED: %s\n", why.c_str());
    std::exit(1);
}

/// A loop device over a fresh ext4 image; gone with its last user.
class Disk {
  public:
    explicit Disk(const std::string& dir) : mount_point_(dir + "/mnt") {
        const std::string image = dir + "/image";
        UniqueFd backing(::open(image.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600));
        if (!backing || ::ftruncate(backing.get(), image_bytes) != 0) skip("make image");
        if (std::system(("mkfs.ext4 -q -F " + image).c_str()) != 0) skip("mkfs.ext4");
        UniqueFd control(::open("/dev/loop-control", O_RDWR | O_CLOEXEC));
        const int number = control ? ::ioctl(control.get(), LOOP_CTL_GET_FREE) : -1;
        if (number < 0) skip("find a loop device");
        device_ = "/dev/loop" + std::to_string(number);
        loop_.reset(::open(device_.c_str(), O_RDWR | O_CLOEXEC));
        loop_config config{};
        config.fd = static_cast<uint32_t>(backing.get());
        config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
        if (!loop_ || ::ioctl(loop_.get(), LOOP_CONFIGURE, &config) != 0) skip("set up the loop device");
        std::filesystem::create_directory(mount_point_);
    }
    void mount() {
        if (::mount(device_.c_str(), mount_point_.c_str(), "ext4", 0, nullptr) != 0)
            fail(std::string("mount: ") + std::strerror(errno));
    }
    void cut_power() {
        UniqueFd root(::open(mount_point_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
        uint32_t flags = going_without_log_flush;
        if (!root || ::ioctl(root.get(), ext4_ioc_shutdown, &flags) != 0) skip("shut the filesystem down");
    }
    void unmount() {
        if (::umount2(mount_point_.c_str(), 0) != 0) fail(std::string("unmount: ") + std::strerror(errno));
    }
    std::string data_dir() const { return mount_point_ + "/data"; }

  private:
    std::string mount_point_;
    std::string device_;
    UniqueFd loop_;
};

/// The revision of the store after checking that every name is in it.
uint64_t check(const std::string& data_dir, const std::vector<std::string>& names) {
    SystemClock clock;
    loop::Loop loop(clock);
    loop::InlineExecutor executor(loop);
    store::StoreOptions options;
    options.data_dir = data_dir;
    auto store = store::open_sqlite_store(loop, executor, options);
    if (!store) fail(store.error().message());
    for (const std::string& name : names)
        if (!(*store)->find(test::written_key(name))) fail("acknowledged, but lost: " + name);
    const uint64_t revision = (*store)->revision();
    if (auto closed = test::await(loop, (*store)->close()); !closed) fail(closed.error().message());
    return revision;
}

void cut_again_and_again(Disk& disk) {
    uint64_t revision = 0;
    size_t acknowledged = 0;
    for (int round = 0; round < rounds; ++round) {
        disk.mount();
        std::vector<std::string> names;
        {
            test::StoreWriter writer(disk.data_dir(), "r" + std::to_string(round) + "w");
            writer.wait_for(200 + static_cast<size_t>(round) * 977);
            disk.cut_power();
            names = writer.end();
        }
        disk.unmount();
        disk.mount();
        const uint64_t after = check(disk.data_dir(), names);
        disk.unmount();
        if (after <= revision) fail("revisions went back");
        if (names.empty()) fail("nothing was written");
        revision = after;
        acknowledged += names.size();
    }
    std::printf("%zu acknowledged writes in %d power cuts, 0 lost\n", acknowledged, rounds);
}

}  // namespace

int main() {
    if (::geteuid() != 0) skip("needs root");
    // Nobody else sees the mounts, and they go with this process.
    if (::unshare(CLONE_NEWNS) != 0 || ::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
        skip("make a mount namespace");
    std::string dir = (std::filesystem::temp_directory_path() / "orilla-power-XXXXXX").string();
    if (!::mkdtemp(dir.data())) skip("make a directory");
    work_dir = dir;
    std::atexit(remove_work_dir);
    Disk disk(dir);
    cut_again_and_again(disk);
    return 0;
}

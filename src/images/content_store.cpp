#include "content_store.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <stdio.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cerrno>
#include <memory>

#include "digest.hpp"
#include "limits.hpp"
#include "orilla/base/durable.hpp"
#include "orilla/base/log.hpp"
#include "orilla/base/read_file.hpp"

namespace orilla::images {

namespace {

constexpr size_t index_bytes_max = 64 << 20;
constexpr int open_directory = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;

struct CloseDirectory {
    void operator()(DIR* stream) const { closedir(stream); }
};

std::vector<std::string> names_in(int directory_fd) {
    std::vector<std::string> out;
    std::unique_ptr<DIR, CloseDirectory> stream(fdopendir(openat(directory_fd, ".", open_directory)));
    while (const dirent* entry = stream ? readdir(stream.get()) : nullptr)
        if (const std::string name = entry->d_name; name != "." && name != "..") out.push_back(name);
    return out;
}

Result<UniqueFd> make_directory(int parent, const char* name, mode_t mode) {
    if (mkdirat(parent, name, mode) != 0 && errno != EEXIST) return Error::from_errno(std::string("mkdir ") + name, errno);
    UniqueFd fd(openat(parent, name, open_directory));
    if (!fd) return Error::from_errno(std::string("open ") + name, errno);
    return fd;
}

Result<std::string> read_beneath(int directory_fd, const char* name, size_t bytes_max) {
    UniqueFd fd(openat(directory_fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return Error::from_errno(std::string("open ") + name, errno);
    return read_fd(fd.get(), name, bytes_max);
}

Result<void> write_file(int directory_fd, const char* name, std::string_view text) {
    UniqueFd fd(openat(directory_fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!fd) return Error::from_errno(std::string("create ") + name, errno);
    while (!text.empty()) {
        const ssize_t written = ::write(fd.get(), text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return Error::from_errno(std::string("write ") + name, errno);
        text.remove_prefix(static_cast<size_t>(written));
    }
    if (fsync(fd.get()) != 0) return Error::from_errno(std::string("fsync ") + name, errno);
    return ok();
}

std::string blob_file(const std::string& digest) { return std::string(digest_hex(digest)); }

}  // namespace

Result<void> ContentStore::open(const std::string& directory, uint32_t worker_uid) {
    directory_ = directory;
    TRY_VOID(make_durable_directory(directory, 0700));
    root_.reset(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!root_) return Error::from_errno("open " + directory, errno);
    TRY(blobs_, make_directory(root_.get(), "blobs", 0700));
    TRY(layers_, make_directory(root_.get(), "layers", 0700));
    TRY(work_, make_directory(root_.get(), "work", 0700));
    TRY(trash_, make_directory(root_.get(), "trash", 0700));
    if (fchown(blobs_.get(), worker_uid, worker_uid) != 0)
        return Error::from_errno(fmt::format("chown {}/blobs", directory), errno);
    return ok();
}

Result<ImagesById> ContentStore::read_index() {
    auto text = read_beneath(root_.get(), "index.json", index_bytes_max);
    if (!text && text.error().error_number() == ENOENT) return ImagesById();
    if (!text) return std::move(text).error();
    auto parsed = parse_index_file(*text);
    if (parsed || parsed.error().code() == Code::unsupported) return parsed;
    // A box boots without a human: images can be pulled again. Layers stay, because pods may still run on them.
    log::error(parsed.error().message() + "; starting without images, the file is kept as index.json.broken");
    index_was_broken_ = true;
    renameat(root_.get(), "index.json", root_.get(), "index.json.broken");
    return ImagesById();
}

Result<void> ContentStore::write_index(const std::string& text) const {
    auto written = write_file(root_.get(), "index.json.new", text);
    if (!written) {
        unlinkat(root_.get(), "index.json.new", 0);
        return written;
    }
    // The layers that it names were renamed into place before: their directory must be durable first.
    if (fsync(layers_.get()) != 0) return Error::from_errno("fsync layers", errno);
    if (renameat(root_.get(), "index.json.new", root_.get(), "index.json") != 0)
        return Error::from_errno("rename index.json", errno);
    if (fsync(root_.get()) != 0) return Error::from_errno("fsync " + directory_, errno);
    return ok();
}

Result<UniqueFd> ContentStore::open_blob(const std::string& digest) const {
    UniqueFd fd(openat(blobs_.get(), blob_file(digest).c_str(), O_RDONLY | O_NOFOLLOW | O_CLOEXEC));
    if (!fd) return Error::from_errno("open blob " + digest, errno);
    return fd;
}

bool ContentStore::has_blob(const std::string& digest) const {
    return faccessat(blobs_.get(), blob_file(digest).c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

void ContentStore::drop_blob(const std::string& digest) const { unlinkat(blobs_.get(), blob_file(digest).c_str(), 0); }

bool ContentStore::has_layer(const std::string& name) const {
    return faccessat(layers_.get(), name.c_str(), F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

Result<UniqueFd> ContentStore::open_layer(const std::string& name) const {
    UniqueFd fd(openat(layers_.get(), name.c_str(), open_directory));
    if (!fd) return Error::from_errno("open layer " + name, errno);
    return fd;
}

std::vector<std::string> ContentStore::layer_names() const { return names_in(layers_.get()); }

Result<ContentStore::Work> ContentStore::new_work() {
    Work work;
    work.name = std::to_string(next_name_++);
    if (mkdirat(work_.get(), work.name.c_str(), 0755) != 0) return Error::from_errno("mkdir work/" + work.name, errno);
    fchmodat(work_.get(), work.name.c_str(), 0755, 0);  // whatever our umask is: it is the root of a file system to be
    work.fd.reset(openat(work_.get(), work.name.c_str(), open_directory));
    if (!work.fd) return Error::from_errno("open work/" + work.name, errno);
    return work;
}

Result<void> ContentStore::adopt_work(const std::string& work, const std::string& layer) const {
    if (renameat2(work_.get(), work.c_str(), layers_.get(), layer.c_str(), RENAME_NOREPLACE) != 0)
        return Error::from_errno("rename work/" + work, errno);
    return ok();
}

void ContentStore::to_trash(int from_fd, const std::string& name) {
    const std::string target = fmt::format("t{}-{}", next_name_++, name.substr(0, 80));
    renameat(from_fd, name.c_str(), trash_.get(), target.c_str());
}

void ContentStore::discard_work(const std::string& work) { to_trash(work_.get(), work); }
void ContentStore::discard_layer(const std::string& layer) { to_trash(layers_.get(), layer); }
bool ContentStore::has_trash() const { return !names_in(trash_.get()).empty(); }

void ContentStore::collect(const std::set<std::string>& kept_layers, bool keep_unknown_layers) {
    // Names of the trash of an earlier run may be taken: ours go on above them.
    for (const auto& name : names_in(trash_.get()))
        if (name.starts_with("t"))
            next_name_ = std::max<uint64_t>(next_name_, std::strtoull(name.c_str() + 1, nullptr, 10) + 1);
    for (const auto& name : names_in(work_.get())) to_trash(work_.get(), name);
    for (const auto& name : names_in(layers_.get()))
        if (!keep_unknown_layers && !kept_layers.contains(name)) discard_layer(name);
    // Nothing waited for the disk when a download was whole: it has to show its digest again.
    for (const auto& name : names_in(blobs_.get()))
        if (name.find('.') == std::string::npos)
            renameat(blobs_.get(), name.c_str(), blobs_.get(), (name + ".partial").c_str());
}

bool ContentStore::sweep_blobs(const BlobsInUse& in_use, int64_t now_s) const {
    std::vector<BlobFile> files;
    for (const auto& name : names_in(blobs_.get())) {
        struct stat seen {};
        if (fstatat(blobs_.get(), name.c_str(), &seen, AT_SYMLINK_NOFOLLOW) != 0) continue;
        files.push_back({name, seen.st_size, seen.st_mtim.tv_sec, name.starts_with("new.") || !(seen.st_mode & S_IWUSR)});
    }
    struct statvfs disk {};
    const bool known = fstatvfs(blobs_.get(), &disk) == 0;
    const int64_t bytes_max = known ? static_cast<int64_t>(disk.f_blocks * disk.f_frsize) / partial_kept_share : 0;
    const auto gone = plan_blob_sweep(files, in_use, now_s, bytes_max);
    for (const auto& name : gone) unlinkat(blobs_.get(), name.c_str(), 0);
    return gone.size() < files.size();
}

void ContentStore::drop_idle_blobs(const std::set<std::string>& kept_blobs) const {
    for (const auto& name : names_in(blobs_.get())) {
        const std::string hex = name.substr(0, name.find('.'));
        if (!kept_blobs.contains("sha256:" + hex)) unlinkat(blobs_.get(), name.c_str(), 0);
    }
}

}  // namespace orilla::images

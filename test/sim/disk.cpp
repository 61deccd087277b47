#include "disk.hpp"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <sstream>
#include <vector>

namespace orilla::sim {

namespace {

/// A write or a truncation (no bytes) that was not synced yet.
struct Change {
    int64_t at;
    std::string bytes;
    bool truncates;
};
struct Content {
    std::string durable;
    std::vector<Change> unsynced;
};
std::map<std::string, Content> files;

void apply(std::string& to, const Change& change) {
    const auto at = static_cast<size_t>(change.at);
    if (change.truncates) return to.resize(at);
    if (to.size() < at + change.bytes.size()) to.resize(at + change.bytes.size());
    to.replace(at, change.bytes.size(), change.bytes);
}

std::string read_whole(const std::string& path) {
    std::ifstream in(path, std::ios::binary);
    std::ostringstream out;
    out << in.rdbuf();
    return out.str();
}

/// A store that is being made is synced and renamed by name, past the file layer.
bool is_unfinished(const std::string& path) { return path.find(".new") != std::string::npos; }

struct File {
    sqlite3_file base;
    std::string* path;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File* cast(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
const sqlite3_io_methods* methods_of(sqlite3_file* file) { return cast(file)->real()->pMethods; }

}  // namespace

struct DiskHooks {
    static bool takes_write(const std::string& path) {
        Disk& disk = Disk::get();
        if (is_unfinished(path)) return true;
        if (disk.writes_left_ > 0 && --disk.writes_left_ == 0) disk.dead_ = true;
        return !disk.dead_;
    }
    static void count_write() { ++Disk::get().writes_; }
    /// False when the end comes between the writes and their sync.
    static bool takes_sync() {
        Disk& disk = Disk::get();
        if (disk.writes_left_ > 0 && --disk.writes_left_ == 0) disk.dead_ = true;
        if (!disk.dead_) ++disk.syncs_;
        return !disk.dead_;
    }
};

namespace {

int close_file(sqlite3_file* file) {
    const int code = methods_of(file)->xClose(cast(file)->real());
    if (is_unfinished(*cast(file)->path)) files.erase(*cast(file)->path);
    delete cast(file)->path;
    return code;
}
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    return methods_of(file)->xRead(cast(file)->real(), to, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    const std::string& path = *cast(file)->path;
    if (Disk::get().full() && !is_unfinished(path)) return SQLITE_FULL;
    if (!DiskHooks::takes_write(path)) return SQLITE_OK;
    DiskHooks::count_write();
    files[path].unsynced.push_back({at, std::string(static_cast<const char*>(from), static_cast<size_t>(size)), false});
    return methods_of(file)->xWrite(cast(file)->real(), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) {
    if (!DiskHooks::takes_write(*cast(file)->path)) return SQLITE_OK;
    files[*cast(file)->path].unsynced.push_back({size, "", true});
    return methods_of(file)->xTruncate(cast(file)->real(), size);
}
int sync_file(sqlite3_file* file, int) {
    if (!DiskHooks::takes_sync()) return SQLITE_OK;
    Content& content = files[*cast(file)->path];
    for (const Change& change : content.unsynced) apply(content.durable, change);
    content.unsynced.clear();
    return SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) { return methods_of(file)->xFileSize(cast(file)->real(), size); }
int lock_file(sqlite3_file* file, int level) { return methods_of(file)->xLock(cast(file)->real(), level); }
int unlock_file(sqlite3_file* file, int level) { return methods_of(file)->xUnlock(cast(file)->real(), level); }
int check_lock(sqlite3_file* file, int* out) { return methods_of(file)->xCheckReservedLock(cast(file)->real(), out); }
int control_file(sqlite3_file* file, int op, void* arg) { return methods_of(file)->xFileControl(cast(file)->real(), op, arg); }
int sector_size(sqlite3_file*) { return 512; }
/// No promises: neither of the order of writes nor of what lies beside them.
int characteristics(sqlite3_file*) { return SQLITE_IOCAP_POWERSAFE_OVERWRITE; }

const sqlite3_io_methods methods = {1,         close_file,  read_file,  write_file,   truncate_file, sync_file,       file_size,
                                    lock_file, unlock_file, check_lock, control_file, sector_size,   characteristics, nullptr,
                                    nullptr,   nullptr,     nullptr,    nullptr,      nullptr};

sqlite3_vfs* real_vfs() { return static_cast<sqlite3_vfs*>(sqlite3_vfs_find(Disk::vfs_name)->pAppData); }

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    file->pMethods = nullptr;
    const int code = real_vfs()->xOpen(real_vfs(), name, cast(file)->real(), flags, out_flags);
    if (code != SQLITE_OK) return code;
    cast(file)->path = new std::string(name ? name : "");
    if (!files.contains(*cast(file)->path)) files[*cast(file)->path].durable = read_whole(*cast(file)->path);
    file->pMethods = &methods;
    return code;
}
int delete_file(sqlite3_vfs*, const char* name, int sync) {
    if (Disk::get().dead()) return SQLITE_OK;
    files.erase(name);
    return real_vfs()->xDelete(real_vfs(), name, sync);
}

}  // namespace

namespace {
sqlite3_vfs make_vfs() {
    sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
    sqlite3_vfs made = *real;
    made.zName = Disk::vfs_name;
    made.pAppData = real;
    made.szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
    made.xOpen = open_file;
    made.xDelete = delete_file;
    made.pNext = nullptr;
    return made;
}
}  // namespace

Disk& Disk::get() {
    static Disk disk;
    static sqlite3_vfs vfs = make_vfs();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    (void)registered;
    return disk;
}

void Disk::reset() {
    files.clear();
    *this = Disk();
}

void Disk::revive() {
    dead_ = false;
    writes_left_ = -1;
}

void Disk::cut_power(Random& random) {
    for (auto& [path, content] : files) {
        if (content.unsynced.empty()) continue;
        for (const Change& change : content.unsynced)
            if (random.below(2) == 0) apply(content.durable, change);
        std::ofstream(path, std::ios::binary | std::ios::trunc) << content.durable;
    }
    files.clear();
    revive();
}

}  // namespace orilla::sim

// The pods' volumes are made with these two; a full disk refuses them. Names that do not depend on the moment replay.

extern "C" int mkdir(const char* path, mode_t mode) noexcept {
    if (orilla::sim::Disk::get().full() && strstr(path, "pods/") != nullptr) return errno = ENOSPC, -1;
    return static_cast<int>(syscall(SYS_mkdirat, AT_FDCWD, path, mode));
}

extern "C" char* mkdtemp(char* pattern) noexcept {
    static unsigned number = 0;
    if (orilla::sim::Disk::get().full()) return errno = ENOSPC, nullptr;
    char* digits = pattern + strlen(pattern) - 6;
    constexpr int attempts_max = 1000;
    for (int attempt = 0; attempt < attempts_max; ++attempt) {
        snprintf(digits, 7, "%06u", ++number % 1'000'000);
        if (syscall(SYS_mkdirat, AT_FDCWD, pattern, 0700) == 0) return pattern;
        if (errno != EEXIST) return nullptr;
    }
    return nullptr;
}

#include "faulty_vfs.hpp"

#include <sqlite3.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstring>

#include "reserve.hpp"

namespace orilla::test {

namespace {

Faults faults;

struct File {
    sqlite3_file base;
    sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};
File* cast(sqlite3_file* file) { return reinterpret_cast<File*>(file); }
const sqlite3_io_methods* methods_of(sqlite3_file* file) { return cast(file)->real()->pMethods; }

bool has_given_back() {
    struct stat seen {};
    return !faults.reserve.empty() && stat(faults.reserve.c_str(), &seen) == 0 && seen.st_size < store::Reserve::bytes;
}

int close_file(sqlite3_file* file) { return methods_of(file)->xClose(cast(file)->real()); }
int read_file(sqlite3_file* file, void* to, int size, sqlite3_int64 at) {
    return methods_of(file)->xRead(cast(file)->real(), to, size, at);
}
int write_file(sqlite3_file* file, const void* from, int size, sqlite3_int64 at) {
    if (faults.disk_full && !has_given_back()) return SQLITE_FULL;
    if (faults.write_fails) return SQLITE_IOERR_WRITE;
    ++faults.writes;
    return methods_of(file)->xWrite(cast(file)->real(), from, size, at);
}
int truncate_file(sqlite3_file* file, sqlite3_int64 size) { return methods_of(file)->xTruncate(cast(file)->real(), size); }
/// Only counted: these tests cut no power, and a busy disk takes its time.
int sync_file(sqlite3_file*, int) {
    if (faults.sync_fails) return SQLITE_IOERR_FSYNC;
    ++faults.syncs;
    return SQLITE_OK;
}
int file_size(sqlite3_file* file, sqlite3_int64* size) { return methods_of(file)->xFileSize(cast(file)->real(), size); }
int lock_file(sqlite3_file* file, int level) { return methods_of(file)->xLock(cast(file)->real(), level); }
int unlock_file(sqlite3_file* file, int level) { return methods_of(file)->xUnlock(cast(file)->real(), level); }
int check_lock(sqlite3_file* file, int* out) { return methods_of(file)->xCheckReservedLock(cast(file)->real(), out); }
int control_file(sqlite3_file* file, int op, void* arg) { return methods_of(file)->xFileControl(cast(file)->real(), op, arg); }
int sector_size(sqlite3_file* file) { return methods_of(file)->xSectorSize(cast(file)->real()); }
int characteristics(sqlite3_file* file) { return methods_of(file)->xDeviceCharacteristics(cast(file)->real()); }

const sqlite3_io_methods methods = {1,         close_file,  read_file,  write_file,   truncate_file, sync_file,       file_size,
                                    lock_file, unlock_file, check_lock, control_file, sector_size,   characteristics, nullptr,
                                    nullptr,   nullptr,     nullptr,    nullptr,      nullptr};

sqlite3_vfs* real_vfs() { return static_cast<sqlite3_vfs*>(sqlite3_vfs_find("faulty")->pAppData); }

int open_file(sqlite3_vfs*, const char* name, sqlite3_file* file, int flags, int* out_flags) {
    const int code = real_vfs()->xOpen(real_vfs(), name, cast(file)->real(), flags, out_flags);
    file->pMethods = code == SQLITE_OK ? &methods : nullptr;
    return code;
}

}  // namespace

Faults& faulty_vfs() {
    static sqlite3_vfs vfs = [] {
        sqlite3_vfs* real = sqlite3_vfs_find(nullptr);
        sqlite3_vfs copy = *real;
        copy.zName = "faulty";
        copy.pAppData = real;
        copy.szOsFile = static_cast<int>(sizeof(File)) + real->szOsFile;
        copy.xOpen = open_file;
        copy.pNext = nullptr;
        return copy;
    }();
    static const int registered = sqlite3_vfs_register(&vfs, 0);
    (void)registered;
    return faults;
}

}  // namespace orilla::test

// A subvolume of btrfs, VOLUME/data, whose quota group holds it to its size, which is in VOLUME/size. Copies are snapshots, of
// one moment and at once. What a move of the data has made a plain directory becomes a subvolume when a pod opens it.
#include <fcntl.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <ctime>

#include "storage/directory_method.hpp"
#include "storage/subvolume.hpp"
#include "storage/tree_copy.hpp"
#include "storage/volume_files.hpp"

namespace orilla::node {
namespace {

constexpr const char* moving = "/data.moved";

Result<SubvolumeUse> read_use(const std::string& volume) {
    TRY(const UniqueFd data, open_directory(volume + "/data"));
    return read_subvolume_use(data);
}

class SubvolumeMethod final : public DirectoryMethod {
  public:
    const char* name() const override { return "quota groups of btrfs"; }
    int64_t used(const std::string& volume) const override;
    int64_t due(const std::string& volume) const override;
    int64_t still_shared(const std::string& volume, int64_t bytes) const override;
    Result<void> make(const std::string& volume, int64_t bytes) const override;
    Result<void> prepare_copy(VolumeCopy& copy) const override;
    Result<CopiedVolume> copy(const VolumeCopy& copy) const override;
    Result<void> clear(const std::string& volume) const override;

  protected:
    Result<void> settle(const std::string& volume) const override;
};

int64_t SubvolumeMethod::used(const std::string& volume) const {
    const auto use = read_use(volume);
    return use ? use->bytes : 0;
}

int64_t SubvolumeMethod::due(const std::string& volume) const {
    const auto bytes = size(volume);
    return bytes ? std::max<int64_t>(*bytes - used(volume), 0) : 0;
}

/// What it has alone by now is there twice already.
int64_t SubvolumeMethod::still_shared(const std::string& volume, int64_t bytes) const {
    const auto use = read_use(volume);
    return use ? std::clamp<int64_t>(use->bytes - use->own_bytes, 0, bytes) : bytes;
}

Result<void> limit(const std::string& data, int64_t bytes) {
    TRY(const UniqueFd own, open_directory(data));
    return limit_subvolume(own, bytes);
}

Result<void> SubvolumeMethod::make(const std::string& volume, int64_t bytes) const {
    const std::string data = volume + "/data";
    TRY_VOID(make_subvolume(data));
    TRY_VOID(make_plain_directory(data, 0777));
    TRY_VOID(limit(data, bytes));
    return write_size(volume, bytes);
}

/// A plain directory, of a move, cannot be a snapshot's source.
Result<void> SubvolumeMethod::prepare_copy(VolumeCopy& copy) const {
    TRY_VOID(settle(copy.source));
    return write_size(copy.target, copy.bytes);
}

Result<CopiedVolume> SubvolumeMethod::copy(const VolumeCopy& copy) const {
    const std::string data = copy.target + "/data";
    TRY_VOID(make_subvolume_snapshot(copy.source + "/data", data, copy.snapshot));
    timespec now{};
    clock_gettime(CLOCK_REALTIME, &now);
    TRY_VOID(limit(data, copy.bytes));
    TRY_VOID(sync_file_system(data));
    TRY(const SubvolumeUse use, read_use(copy.target));
    return CopiedVolume{int64_t{now.tv_sec} * 1'000'000'000 + now.tv_nsec, use.bytes};
}

Result<void> make_it_a_subvolume(const std::string& volume, int64_t bytes) {
    const std::string data = volume + "/data", moved = volume + moving;
    if (is_subvolume(moved)) TRY_VOID(remove_subvolume(moved));
    TRY_VOID(make_subvolume(moved));
    TRY_VOID(limit(moved, bytes));
    objects::CopyProgress unwatched;
    TRY_VOID(copy_tree(data, moved, unwatched));
    if (renameat2(AT_FDCWD, moved.c_str(), AT_FDCWD, data.c_str(), RENAME_EXCHANGE) != 0)
        return Error::from_errno("name " + data, errno);
    return ok();
}

Result<void> SubvolumeMethod::settle(const std::string& volume) const {
    const std::string data = volume + "/data";
    TRY(const int64_t bytes, size(volume));
    if (!exists(data)) return Error(Code::not_found, data + " is missing");
    if (!is_subvolume(data)) {
        TRY_VOID(enable_subvolume_quota(volume));
        TRY_VOID(make_it_a_subvolume(volume, bytes));
    }
    // What it was before, or what a crash in the middle left.
    if (const std::string moved = volume + moving; exists(moved))
        TRY_VOID(is_subvolume(moved) ? remove_subvolume(moved) : remove_directory(moved));
    TRY(const SubvolumeUse use, read_use(volume));
    return use.bytes_max == bytes ? ok() : limit(data, bytes);
}

Result<void> SubvolumeMethod::clear(const std::string& volume) const {
    for (const std::string name : {"/data", moving})
        if (is_subvolume(volume + name)) TRY_VOID(remove_subvolume(volume + name));
    return ok();
}

}  // namespace

const VolumeMethod& subvolume_method() {
    static const SubvolumeMethod method;
    return method;
}

}  // namespace orilla::node

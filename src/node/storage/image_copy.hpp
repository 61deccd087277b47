// Copies the file of a volume, of one moment: blocks are shared where the file system can, and otherwise what is not a hole is
// copied. While pods have the volume its file system is frozen for it, and that has a bound in time. All of it may block.
#pragma once

#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/objects/volume_disk.hpp"
#include "storage/volume_method.hpp"

namespace orilla::node {

/// What stat counts blocks in.
inline constexpr int64_t stat_block_bytes = 512;

/// `mounted`: the root of the source's mounted file system, or no descriptor. The target is empty, and has its size already.
Result<CopiedVolume> copy_image(const UniqueFd& source, const UniqueFd& target, const UniqueFd& mounted,
                                objects::CopyProgress& progress);
/// What is not a hole, of a file that nothing holds still.
Result<void> copy_file_data(const UniqueFd& source, const UniqueFd& target, int64_t bytes, objects::CopyProgress& progress);
/// Of a daemon that was killed while it copied: else writers wait for ever. Fine when it is not frozen.
void thaw(const UniqueFd& mounted);

}  // namespace orilla::node

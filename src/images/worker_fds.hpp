// The fds that a worker finds at its start. Nothing else is open but /dev/null as 0 and 1, and the daemon's log as 2.
#pragma once

namespace orilla::images {

inline constexpr int channel_fd = 3;
inline constexpr int directory_fd = 4;    ///< unpacker: the layer; puller and importer: the blobs; sweeper: the trash
inline constexpr int source_fd = 5;       ///< unpacker: the blob; importer: the archive or layout
inline constexpr int first_lower_fd = 6;  ///< unpacker: the layers below, topmost first

int unpacker_main();
int importer_main();
int puller_main();
int sweeper_main();

}  // namespace orilla::images

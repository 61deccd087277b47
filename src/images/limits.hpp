// Every bound of the image room, with its unit. They are generous for real images and final for hostile ones.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orilla::images {

// Documents.
inline constexpr size_t manifest_bytes_max = 4 << 20;  ///< manifest or index
inline constexpr size_t config_bytes_max = 4 << 20;    ///< image configuration
inline constexpr size_t record_bytes_max = 256 << 10;  ///< what is kept of an image, but for its layers
inline constexpr size_t json_depth_max = 32;
inline constexpr size_t layers_max = 127;              ///< of one image; more do not fit an overlay mount
inline constexpr size_t platforms_max = 256;           ///< entries of one index
inline constexpr size_t index_depth_max = 4;           ///< indexes inside indexes
inline constexpr size_t archive_images_max = 64;       ///< images of one archive
inline constexpr int64_t blob_bytes_max = 16LL << 30;  ///< one compressed layer

// Layers, once unpacked.
inline constexpr size_t layer_entries_max = 1'000'000;
inline constexpr int64_t layer_bytes_max = 32LL << 30;
inline constexpr int64_t expansion_ratio_max = 250;           ///< uncompressed to compressed ...
inline constexpr int64_t expansion_free_bytes = 256LL << 20;  ///< ... which only counts above this size
inline constexpr size_t path_bytes_max = 4095;
inline constexpr size_t path_depth_max = 128;
inline constexpr size_t component_bytes_max = 255;
inline constexpr size_t link_bytes_max = 4095;
inline constexpr size_t pax_bytes_max = 1 << 20;    ///< one extended header
inline constexpr size_t xattrs_max = 64;            ///< of one entry
inline constexpr size_t opaque_dirs_max = 8192;     ///< of one layer
inline constexpr int symlinks_max = 40;             ///< followed in one path
inline constexpr uint64_t id_max = 0xFFFF'FFFEULL;  ///< uid, gid

// Talking to registries.
inline constexpr size_t response_headers_bytes_max = 64 * 1024;
inline constexpr size_t token_bytes_max = 256 * 1024;
inline constexpr size_t error_body_bytes_max = 64 * 1024;
inline constexpr int redirects_max = 5;
inline constexpr int attempts_max = 5;                    ///< in a row without progress
inline constexpr int64_t progress_bytes_min = 64 * 1024;  ///< a try that brought less counts as one without
inline constexpr int64_t retry_ms_min = 500;              ///< doubled for each further attempt
inline constexpr int64_t retry_ms_max = 15'000;
inline constexpr long connect_timeout_ms_max = 15'000;
inline constexpr long request_timeout_ms_max = 60'000;  ///< manifests, tokens; blobs have only the stall limit
inline constexpr long stall_seconds_max = 20;           ///< below stall_bytes_min a second for so long: try again
inline constexpr long stall_bytes_min = 16;
inline constexpr int64_t pace_bytes_per_s_min = 1024;  ///< a whole pull, on average over ...
inline constexpr int64_t pace_window_ms = 20'000;      ///< ... so long: slower ones end, and go on when it is their turn again

// Between the daemon and its workers.
inline constexpr size_t message_bytes_max = 12 << 20;     ///< one line; a configuration fits in
inline constexpr int64_t progress_ms_min = 100;           ///< between two progress messages of one blob
inline constexpr int64_t partial_kept_s_max = 24 * 3600;  ///< an unfinished download is kept for a later pull
inline constexpr int64_t partial_kept_share = 4;          ///< all of them together: a quarter of the file system at most
inline constexpr int64_t kill_grace_ms_max = 2'000;

}  // namespace orilla::images

// Reads a tar archive from strangers as its bytes arrive: ustar, old V7, GNU long names and PAX. It promises to hold no
// more than one header in memory and to hand on only what its format says; whether a path is acceptable is the sink's
// question. It refuses sparse files, unknown entry types, wrong checksums, and everything beyond its limits.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "orilla/base/result.hpp"

namespace orilla::images {

struct TarEntry {
    enum class Type { file, hard_link, symlink, char_device, block_device, directory, fifo };
    Type type = Type::file;
    std::string path;  ///< as written in the archive
    std::string link;  ///< target of links
    uint32_t mode = 0;
    uint64_t uid = 0;
    uint64_t gid = 0;
    int64_t size_bytes = 0;  ///< 0 unless a file
    int64_t mtime_s = 0;
    int64_t mtime_ns = 0;
    std::vector<std::pair<std::string, std::string>> xattrs;
};

class TarSink {
  public:
    virtual ~TarSink() = default;
    virtual Result<void> begin(const TarEntry& entry) = 0;
    virtual Result<void> data(std::string_view bytes) = 0;  ///< of a file, in pieces
    virtual Result<void> end() = 0;                         ///< of the entry begun last
};

class TarReader {
  public:
    explicit TarReader(TarSink& sink) : sink_(sink) {}
    Result<void> feed(std::string_view bytes);
    /// The stream's end: an error in the middle of an entry.
    Result<void> finish();

  private:
    enum class State { header, meta, body, padding, done };
    Result<void> take_header(std::string_view block);
    Result<void> begin_entry(std::string_view block, char type);
    Result<void> take_meta();
    Result<void> take_pax(std::string_view records);
    Result<void> apply_pax(const std::string& key, std::string_view value);
    Result<void> end_body();
    Result<void> enter_body(int64_t bytes, State state);

    TarSink& sink_;
    State state_ = State::header;
    std::string block_;  ///< a header that is not complete yet
    std::string meta_;   ///< body of a PAX or long-name entry
    char meta_type_ = 0;
    int64_t left_bytes_ = 0;  ///< of the body
    int64_t padding_bytes_ = 0;
    bool zero_block_seen_ = false;

    // What extended headers said about the next entry.
    std::string next_path_, next_link_;
    int64_t next_size_ = -1;
    int64_t next_uid_ = -1, next_gid_ = -1;
    bool next_mtime_set_ = false;
    int64_t next_mtime_s_ = 0, next_mtime_ns_ = 0;
    std::vector<std::pair<std::string, std::string>> next_xattrs_;
};

}  // namespace orilla::images

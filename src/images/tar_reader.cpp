#include "tar_reader.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>
#include <cstring>
#include <optional>

#include "limits.hpp"

namespace orilla::images {

namespace {

constexpr size_t block_bytes = 512;

Error broken(std::string_view what) { return Error(Code::corrupt, "tar: " + std::string(what)); }

std::string_view text_field(std::string_view block, size_t offset, size_t length) {
    const auto field = block.substr(offset, length);
    return field.substr(0, field.find('\0'));
}

/// Octal digits between blanks, or GNU's base 256. Nothing when it is neither or does not fit.
std::optional<int64_t> number_field(std::string_view block, size_t offset, size_t length) {
    const auto field = block.substr(offset, length);
    const auto first = static_cast<unsigned char>(field[0]);
    if (first & 0x80) {
        int64_t value = (first & 0x40) ? -1 : 0;  // two's complement of the remaining bits
        value = value * 64 + (first & 0x3f);
        for (size_t i = 1; i < field.size(); ++i) {
            if (value > (INT64_MAX >> 8) || value < (INT64_MIN >> 8)) return std::nullopt;
            value = value * 256 + static_cast<unsigned char>(field[i]);
        }
        return value;
    }
    size_t at = field.find_first_not_of(' ');
    if (at == std::string_view::npos) return 0;
    int64_t value = 0;
    for (; at < field.size() && field[at] >= '0' && field[at] <= '7'; ++at) {
        if (value > (INT64_MAX >> 3)) return std::nullopt;
        value = value * 8 + (field[at] - '0');
    }
    const bool ended = at == field.size() || field[at] == '\0' || field[at] == ' ';
    return ended ? std::optional(value) : std::nullopt;
}

bool checksum_good(std::string_view block) {
    const auto said = number_field(block, 148, 8);
    if (!said) return false;
    int64_t as_unsigned = 0, as_signed = 0;  // some old writers summed signed bytes
    for (size_t i = 0; i < block_bytes; ++i) {
        const char c = i >= 148 && i < 156 ? ' ' : block[i];
        as_unsigned += static_cast<unsigned char>(c);
        as_signed += static_cast<signed char>(c);
    }
    return *said == as_unsigned || *said == as_signed;
}

bool all_zero(std::string_view block) {
    return std::all_of(block.begin(), block.end(), [](char c) { return c == '\0'; });
}

std::optional<TarEntry::Type> type_of(char flag) {
    switch (flag) {
        case '0':
        case '\0':
        case '7': return TarEntry::Type::file;
        case '1': return TarEntry::Type::hard_link;
        case '2': return TarEntry::Type::symlink;
        case '3': return TarEntry::Type::char_device;
        case '4': return TarEntry::Type::block_device;
        case '5': return TarEntry::Type::directory;
        case '6': return TarEntry::Type::fifo;
        default: return std::nullopt;
    }
}

std::optional<int64_t> decimal(std::string_view text) {
    int64_t value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
    return value;
}

/// "seconds" or "seconds.fraction", the fraction cut to nanoseconds.
bool parse_pax_time(std::string_view text, int64_t& seconds, int64_t& nanoseconds) {
    const size_t dot = text.find('.');
    const auto whole = decimal(text.substr(0, dot));
    if (!whole) return false;
    seconds = *whole;
    nanoseconds = 0;
    if (dot == std::string_view::npos) return true;
    int64_t scale = 100'000'000;
    for (char c : text.substr(dot + 1)) {
        if (c < '0' || c > '9') return false;
        nanoseconds += (c - '0') * scale;
        scale /= 10;
    }
    if (!text.empty() && text[0] == '-' && nanoseconds > 0) {
        seconds -= 1;
        nanoseconds = 1'000'000'000 - nanoseconds;
    }
    return true;
}

}  // namespace

Result<void> TarReader::feed(std::string_view bytes) {
    while (!bytes.empty()) {
        if (state_ == State::done) return ok();  // padding after the end of the archive
        if (state_ == State::header) {
            const size_t wanted = block_bytes - block_.size();
            block_.append(bytes.substr(0, wanted));
            bytes.remove_prefix(std::min(wanted, bytes.size()));
            if (block_.size() < block_bytes) return ok();
            const std::string block = std::move(block_);
            block_.clear();
            TRY_VOID(take_header(block));
            continue;
        }
        int64_t& left = state_ == State::padding ? padding_bytes_ : left_bytes_;
        const auto piece = bytes.substr(0, static_cast<size_t>(std::min<int64_t>(left, static_cast<int64_t>(bytes.size()))));
        if (state_ == State::meta) meta_.append(piece);
        if (state_ == State::body) TRY_VOID(sink_.data(piece));
        left -= static_cast<int64_t>(piece.size());
        bytes.remove_prefix(piece.size());
        if (left > 0) return ok();
        if (state_ == State::padding) state_ = State::header;
        else TRY_VOID(end_body());
    }
    return ok();
}

Result<void> TarReader::finish() {
    // An archive may end without its two zero blocks, but only between entries.
    if (state_ == State::done || (state_ == State::header && block_.empty())) return ok();
    return broken("unexpected end of archive");
}

Result<void> TarReader::enter_body(int64_t bytes, State state) {
    left_bytes_ = bytes;
    padding_bytes_ =
        (static_cast<int64_t>(block_bytes) - bytes % static_cast<int64_t>(block_bytes)) % static_cast<int64_t>(block_bytes);
    state_ = state;
    return bytes == 0 ? end_body() : ok();
}

Result<void> TarReader::end_body() {
    if (state_ == State::meta) TRY_VOID(take_meta());
    else TRY_VOID(sink_.end());
    state_ = padding_bytes_ > 0 ? State::padding : State::header;
    return ok();
}

Result<void> TarReader::take_header(std::string_view block) {
    if (all_zero(block)) {
        if (zero_block_seen_) state_ = State::done;
        zero_block_seen_ = true;
        return ok();
    }
    zero_block_seen_ = false;
    if (!checksum_good(block)) return broken("header checksum does not match");
    const char type = block[156];
    if (type != 'x' && type != 'g' && type != 'L' && type != 'K') return begin_entry(block, type);
    const auto size = number_field(block, 124, 12);
    if (!size || *size < 0 || *size > static_cast<int64_t>(pax_bytes_max)) return broken("extended header is too large");
    meta_.clear();
    meta_type_ = type;
    return enter_body(*size, State::meta);
}

Result<void> TarReader::take_meta() {
    std::string text = std::move(meta_);
    meta_.clear();
    if (meta_type_ == 'x') return take_pax(text);
    if (meta_type_ == 'g') return ok();  // global comments; nothing there changes what a file is
    text.resize(std::min(text.size(), text.find('\0')));
    if (text.size() > path_bytes_max) return broken("name is longer than 4095 bytes");
    (meta_type_ == 'L' ? next_path_ : next_link_) = std::move(text);
    return ok();
}

Result<void> TarReader::take_pax(std::string_view records) {
    while (!records.empty()) {
        const size_t blank = records.find(' ');
        const auto length = blank == std::string_view::npos ? std::nullopt : decimal(records.substr(0, blank));
        const bool fits =
            length && *length > static_cast<int64_t>(blank) + 1 && *length <= static_cast<int64_t>(records.size());
        if (!fits || records[static_cast<size_t>(*length) - 1] != '\n') return broken("malformed PAX record");
        const auto record = records.substr(blank + 1, static_cast<size_t>(*length) - blank - 2);
        records.remove_prefix(static_cast<size_t>(*length));
        const size_t equals = record.find('=');
        if (equals == std::string_view::npos) return broken("malformed PAX record");
        TRY_VOID(apply_pax(std::string(record.substr(0, equals)), record.substr(equals + 1)));
    }
    return ok();
}

Result<void> TarReader::apply_pax(const std::string& key, std::string_view value) {
    constexpr std::string_view xattr_prefix = "SCHILY.xattr.";
    const auto number = [&](int64_t& out) {
        const auto parsed = decimal(value);
        if (!parsed || *parsed < 0) return false;
        out = *parsed;
        return true;
    };
    bool good = true;
    if (key == "path" || key == "linkpath") {
        good = value.size() <= path_bytes_max && value.find('\0') == std::string_view::npos;
        if (good) (key == "path" ? next_path_ : next_link_) = std::string(value);
    } else if (key == "size") good = number(next_size_);
    else if (key == "uid") good = number(next_uid_);
    else if (key == "gid") good = number(next_gid_);
    else if (key == "mtime") good = next_mtime_set_ = parse_pax_time(value, next_mtime_s_, next_mtime_ns_);
    else if (key.starts_with("GNU.sparse.")) return Error(Code::unsupported, "tar: sparse files are not supported");
    else if (key.starts_with(xattr_prefix)) {
        good = next_xattrs_.size() < xattrs_max && key.find('\0') == std::string::npos;
        if (good) next_xattrs_.emplace_back(key.substr(xattr_prefix.size()), std::string(value));
    }
    return good ? ok() : Result<void>(broken(fmt::format("PAX record {} is not valid", key.substr(0, 64))));
}

Result<void> TarReader::begin_entry(std::string_view block, char flag) {
    if (flag == 'S') return Error(Code::unsupported, "tar: sparse files are not supported");
    const auto type = type_of(flag);
    if (!type) return Error(Code::unsupported, fmt::format("tar: entries of type '{}' are not supported", flag));
    const auto mode = number_field(block, 100, 8), uid = number_field(block, 108, 8), gid = number_field(block, 116, 8);
    const auto size = number_field(block, 124, 12), mtime = number_field(block, 136, 12);
    if (!mode || !uid || !gid || !size || !mtime) return broken("header has a field that is not a number");
    TarEntry entry;
    entry.type = *type;
    entry.path = std::string(text_field(block, 0, 100));
    entry.link = std::string(text_field(block, 157, 100));
    const bool posix = block.substr(257, 6) == std::string_view("ustar\0", 6);
    const auto prefix = posix ? text_field(block, 345, 155) : std::string_view();
    if (!prefix.empty()) entry.path = fmt::format("{}/{}", prefix, entry.path);
    if (!next_path_.empty()) entry.path = std::exchange(next_path_, {});
    if (!next_link_.empty()) entry.link = std::exchange(next_link_, {});
    // Before there was a type for directories, a slash at the end said it.
    if (entry.type == TarEntry::Type::file && entry.path.ends_with('/')) entry.type = TarEntry::Type::directory;
    entry.mode = static_cast<uint32_t>(*mode) & 07777;
    const int64_t uid_said = next_uid_ >= 0 ? next_uid_ : *uid, gid_said = next_gid_ >= 0 ? next_gid_ : *gid;
    if (uid_said < 0 || gid_said < 0) return broken("negative owner");
    entry.uid = static_cast<uint64_t>(uid_said);
    entry.gid = static_cast<uint64_t>(gid_said);
    entry.mtime_s = next_mtime_set_ ? next_mtime_s_ : *mtime;
    entry.mtime_ns = next_mtime_set_ ? next_mtime_ns_ : 0;
    const int64_t said_bytes = next_size_ >= 0 ? next_size_ : *size;
    if (said_bytes < 0) return broken("negative size");
    entry.size_bytes = entry.type == TarEntry::Type::file ? said_bytes : 0;
    entry.xattrs = std::exchange(next_xattrs_, {});
    next_size_ = next_uid_ = next_gid_ = -1;
    next_mtime_set_ = false;
    TRY_VOID(sink_.begin(entry));
    return enter_body(entry.size_bytes, State::body);
}

}  // namespace orilla::images

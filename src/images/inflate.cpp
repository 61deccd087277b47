#include "inflate.hpp"

#include <zlib.h>
#include <zstd.h>

#include <vector>

namespace orilla::images {

namespace {
constexpr size_t magic_bytes = 6;
constexpr size_t buffer_bytes = 256 * 1024;

bool starts_with_bytes(std::string_view text, std::string_view magic) { return text.starts_with(magic); }
}  // namespace

struct Inflater::Decoder {
    virtual ~Decoder() = default;
    virtual Result<void> feed(std::string_view bytes, const Receiver& receiver) = 0;
    virtual Result<void> finish() = 0;
};

struct Inflater::Plain final : Decoder {
    Result<void> feed(std::string_view bytes, const Receiver& receiver) override { return receiver(bytes); }
    Result<void> finish() override { return ok(); }
};

struct Inflater::Gzip final : Decoder {
    Gzip() : buffer(buffer_bytes) { inflateInit2(&stream, 15 + 16); }
    ~Gzip() override { inflateEnd(&stream); }

    Result<void> feed(std::string_view bytes, const Receiver& receiver) override {
        stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(bytes.data()));
        stream.avail_in = static_cast<uInt>(bytes.size());
        while (stream.avail_in > 0 || more) {
            if (at_end) {
                // Another member follows: pigz and concatenated archives have several.
                inflateReset(&stream);
                at_end = false;
            }
            stream.next_out = buffer.data();
            stream.avail_out = static_cast<uInt>(buffer.size());
            const int rc = inflate(&stream, Z_NO_FLUSH);
            if (rc != Z_OK && rc != Z_STREAM_END && rc != Z_BUF_ERROR)
                return Error(Code::corrupt, std::string("gzip: ") + (stream.msg ? stream.msg : "invalid data"));
            more = stream.avail_out == 0 && rc != Z_STREAM_END;
            at_end = rc == Z_STREAM_END;
            const size_t made = buffer.size() - stream.avail_out;
            if (made > 0) TRY_VOID(receiver({reinterpret_cast<char*>(buffer.data()), made}));
            if (rc == Z_BUF_ERROR && stream.avail_in > 0 && made == 0) return Error(Code::corrupt, "gzip: no progress");
        }
        return ok();
    }
    Result<void> finish() override {
        if (!at_end) return Error(Code::corrupt, "gzip: unexpected end of data");
        return ok();
    }

    z_stream stream{};
    std::vector<Bytef> buffer;
    bool at_end = false;
    bool more = false;
};

struct Inflater::Zstd final : Decoder {
    Zstd() : stream(ZSTD_createDStream()), buffer(buffer_bytes) {}
    ~Zstd() override { ZSTD_freeDStream(stream); }

    Result<void> feed(std::string_view bytes, const Receiver& receiver) override {
        ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
        bool more = false;
        while (in.pos < in.size || more) {
            ZSTD_outBuffer out{buffer.data(), buffer.size(), 0};
            const size_t rc = ZSTD_decompressStream(stream, &out, &in);
            if (ZSTD_isError(rc)) return Error(Code::corrupt, std::string("zstd: ") + ZSTD_getErrorName(rc));
            at_end = rc == 0;
            more = out.pos == out.size && !at_end;
            if (out.pos > 0) TRY_VOID(receiver({buffer.data(), out.pos}));
        }
        return ok();
    }
    Result<void> finish() override {
        if (!at_end) return Error(Code::corrupt, "zstd: unexpected end of data");
        return ok();
    }

    ZSTD_DStream* stream;
    std::vector<char> buffer;
    bool at_end = false;
};

Inflater::Inflater(Receiver receiver) : receiver_(std::move(receiver)) {}
Inflater::~Inflater() = default;

Result<void> Inflater::choose() {
    using namespace std::string_view_literals;
    if (starts_with_bytes(head_, "\x1f\x8b"sv)) decoder_ = std::make_unique<Gzip>();
    else if (starts_with_bytes(head_, "\x28\xb5\x2f\xfd"sv)) decoder_ = std::make_unique<Zstd>();
    else if (head_.size() >= 4 && head_.substr(1, 3) == "\x2a\x4d\x18"sv && (head_[0] & 0xf0) == 0x50)
        decoder_ = std::make_unique<Zstd>();  // a skippable frame before the first
    else if (starts_with_bytes(head_, "BZh"sv))
        return Error(Code::unsupported, "bzip2 compression is not supported (gzip, zstd and none are)");
    else if (starts_with_bytes(head_,
                               "\xfd"
                               "7zXZ"sv))
        return Error(Code::unsupported, "xz compression is not supported (gzip, zstd and none are)");
    else decoder_ = std::make_unique<Plain>();
    const std::string head = std::move(head_);
    head_.clear();
    return decoder_->feed(head, receiver_);
}

Result<void> Inflater::feed(std::string_view bytes) {
    if (!decoder_) {
        const size_t wanted = magic_bytes - head_.size();
        head_.append(bytes.substr(0, wanted));
        bytes = bytes.substr(std::min(wanted, bytes.size()));
        if (head_.size() < magic_bytes) return ok();
        TRY_VOID(choose());
    }
    return bytes.empty() ? ok() : decoder_->feed(bytes, receiver_);
}

Result<void> Inflater::finish() {
    if (!decoder_) TRY_VOID(choose());
    return decoder_->finish();
}

}  // namespace orilla::images

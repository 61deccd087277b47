#include "inflate.hpp"

#include <zlib.h>
#include <zstd.h>

#include <catch2/catch.hpp>
#include <random>

using namespace orilla;
using namespace orilla::images;

namespace {

std::string gzip(const std::string& text) {
    std::string out(text.size() + 200, '\0');
    z_stream stream{};
    deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
    stream.avail_in = static_cast<uInt>(text.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    deflate(&stream, Z_FINISH);
    out.resize(stream.total_out);
    deflateEnd(&stream);
    return out;
}

std::string zstd(const std::string& text) {
    std::string out(ZSTD_compressBound(text.size()), '\0');
    out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
    return out;
}

std::string inflate_in_pieces(const std::string& bytes, size_t piece) {
    std::string out;
    Inflater inflater([&out](std::string_view text) {
        out.append(text);
        return ok();
    });
    for (size_t at = 0; at < bytes.size(); at += piece)
        if (auto fed = inflater.feed(std::string_view(bytes).substr(at, piece)); !fed) return "error: " + fed.error().message();
    if (auto finished = inflater.finish(); !finished) return "error: " + finished.error().message();
    return out;
}

const std::string text = [] {
    std::mt19937 random(7);
    std::string out(700'000, '\0');
    for (char& c : out) c = static_cast<char>('a' + random() % 4);
    return out;
}();

}  // namespace

TEST_CASE("Inflater: each kind comes out, however it comes in") {
    for (const size_t piece : {1UL, 4096UL, 1'000'000UL}) {
        const std::string some = piece == 1 ? text.substr(0, 5000) : text;
        CHECK(inflate_in_pieces(gzip(some), piece) == some);
        CHECK(inflate_in_pieces(zstd(some), piece) == some);
        CHECK(inflate_in_pieces(some, piece) == some);
        CHECK(inflate_in_pieces(gzip(some) + gzip("tail"), piece) == some + "tail");
        CHECK(inflate_in_pieces(zstd(some) + zstd("tail"), piece) == some + "tail");
    }
    CHECK(inflate_in_pieces("", 1).empty());
    CHECK(inflate_in_pieces("abc", 1) == "abc");
    CHECK(inflate_in_pieces(gzip(""), 3).empty());
}

TEST_CASE("Inflater: a cut or damaged stream is an error") {
    CHECK(inflate_in_pieces(gzip(text).substr(0, 1000), 100) == "error: gzip: unexpected end of data");
    CHECK(inflate_in_pieces(zstd(text).substr(0, 1000), 100) == "error: zstd: unexpected end of data");
    std::string damaged = gzip(text);
    damaged[500] = static_cast<char>(damaged[500] ^ 0x55);
    CHECK(inflate_in_pieces(damaged, 4096).starts_with("error: gzip: "));
    damaged = zstd(text);
    damaged.back() = static_cast<char>(damaged.back() ^ 1);
    damaged[100] = static_cast<char>(damaged[100] ^ 0x55);
    CHECK(inflate_in_pieces(damaged, 4096).starts_with("error: "));
}

TEST_CASE("Inflater: other compressions are named") {
    CHECK(inflate_in_pieces("BZh91AY&SY", 4).find("bzip2") != std::string::npos);
    CHECK(inflate_in_pieces(std::string("\xfd"
                                        "7zXZ\0abc",
                                        9),
                            4)
              .find("xz") != std::string::npos);
}

TEST_CASE("Inflater: random bytes end, one way or the other") {
    std::mt19937 random(11);
    for (int round = 0; round < 500; ++round) {
        std::string bytes = round % 2 ? gzip("hello hello hello") : zstd("hello hello hello");
        for (int changes = 0; changes < 3; ++changes) bytes[4 + random() % (bytes.size() - 4)] = static_cast<char>(random());
        CHECK(inflate_in_pieces(bytes, 1 + random() % 30).size() < 100'000'000);
    }
}

#include "tar_reader.hpp"

#include <catch2/catch.hpp>
#include <random>

#include "tar_builder.hpp"

using namespace orilla;
using namespace orilla::images;

namespace {
struct Seen {
    TarEntry entry;
    std::string content;
    bool ended = false;
};

class Collector final : public TarSink {
  public:
    Result<void> begin(const TarEntry& entry) override {
        seen.push_back({entry, "", false});
        return ok();
    }
    Result<void> data(std::string_view bytes) override {
        seen.back().content.append(bytes);
        return ok();
    }
    Result<void> end() override {
        seen.back().ended = true;
        return ok();
    }
    std::vector<Seen> seen;
};

Result<void> read_in_pieces(Collector& collector, const std::string& archive, size_t piece) {
    TarReader reader(collector);
    for (size_t at = 0; at < archive.size(); at += piece) TRY_VOID(reader.feed(std::string_view(archive).substr(at, piece)));
    return reader.finish();
}

std::string archive_error(const std::string& archive) {
    Collector collector;
    const auto result = read_in_pieces(collector, archive, 4096);
    return result ? "" : result.error().message();
}
}  // namespace

TEST_CASE("TarReader: entries come out the same, however the bytes arrive") {
    TarBuilder tar;
    tar.directory("etc/").file("etc/hosts", std::string(1000, 'h')).symlink("bin", "usr/bin").hard_link("b", "etc/hosts");
    tar.add({"fifo", '6', "", "", 0600, 7, 8});
    for (const size_t piece : {1UL, 7UL, 512UL, 513UL, 100'000UL}) {
        Collector collector;
        REQUIRE(read_in_pieces(collector, tar.bytes(), piece));
        REQUIRE(collector.seen.size() == 5);
        CHECK(collector.seen[0].entry.type == TarEntry::Type::directory);
        CHECK(collector.seen[1].content == std::string(1000, 'h'));
        CHECK(collector.seen[1].ended);
        CHECK(collector.seen[2].entry.link == "usr/bin");
        CHECK(collector.seen[3].entry.type == TarEntry::Type::hard_link);
        CHECK(collector.seen[4].entry.uid == 7);
        CHECK(collector.seen[4].entry.mode == 0600);
    }
}

TEST_CASE("TarReader: PAX records speak for the next entry only") {
    const std::string long_path = std::string(300, 'p') + "/x";
    TarBuilder tar;
    tar.pax({"path=" + long_path, "uid=3000000", "gid=4000000", "mtime=-1.5", "SCHILY.xattr.user.a=b\nc"});
    tar.file("short", "abc").file("next", "");
    Collector collector;
    REQUIRE(read_in_pieces(collector, tar.bytes(), 100));
    REQUIRE(collector.seen.size() == 2);
    const TarEntry& entry = collector.seen[0].entry;
    CHECK(entry.path == long_path);
    CHECK(entry.uid == 3'000'000);
    CHECK(entry.gid == 4'000'000);
    CHECK(entry.mtime_s == -2);
    CHECK(entry.mtime_ns == 500'000'000);
    REQUIRE(entry.xattrs.size() == 1);
    CHECK(entry.xattrs[0] == std::pair<std::string, std::string>("user.a", "b\nc"));
    CHECK(collector.seen[1].entry.path == "next");
    CHECK(collector.seen[1].entry.xattrs.empty());
}

TEST_CASE("TarReader: a PAX size is the size of the body") {
    TarBuilder tar;
    tar.pax({"size=5"});
    std::string archive = tar.without_end();
    TarBuilder rest;
    rest.add({"f", '0', "", "", 0644, 0, 0});
    archive += rest.without_end() + "hello" + std::string(507, '\0') + TarBuilder().file("g", "x").bytes();
    Collector collector;
    REQUIRE(read_in_pieces(collector, archive, 33));
    REQUIRE(collector.seen.size() == 2);
    CHECK(collector.seen[0].content == "hello");
    CHECK(collector.seen[1].entry.path == "g");
}

TEST_CASE("TarReader: GNU long names and links") {
    const std::string name(200, 'n'), link(180, 'l');
    TarBuilder tar;
    tar.gnu_long_name(name).gnu_long_name(link, 'K').symlink("cut", "cut");
    Collector collector;
    REQUIRE(read_in_pieces(collector, tar.bytes(), 50));
    CHECK(collector.seen[0].entry.path == name);
    CHECK(collector.seen[0].entry.link == link);
}

TEST_CASE("TarReader: an archive may end without zero blocks, but not inside an entry") {
    const auto tar = TarBuilder().file("a", "0123456789");
    CHECK(archive_error(tar.without_end()).empty());
    CHECK(archive_error(tar.without_end().substr(0, 515)) == "tar: unexpected end of archive");
    CHECK(archive_error(tar.without_end().substr(0, 100)) == "tar: unexpected end of archive");
    CHECK(archive_error("").empty());
}

TEST_CASE("TarReader: what it does not know it refuses") {
    CHECK(archive_error(TarBuilder().add({"s", 'S', "", "", 0644, 0, 0}).bytes()) == "tar: sparse files are not supported");
    CHECK(archive_error(TarBuilder().pax({"GNU.sparse.major=1"}).file("s", "").bytes()) ==
          "tar: sparse files are not supported");
    CHECK(archive_error(TarBuilder().add({"v", 'V', "", "", 0644, 0, 0}).bytes()) ==
          "tar: entries of type 'V' are not supported");
    CHECK(archive_error(TarBuilder().pax({"uid=-1"}).file("s", "").bytes()) == "tar: PAX record uid is not valid");
    std::string broken = TarBuilder().file("a", "x").bytes();
    broken[0] = 'b';
    CHECK(archive_error(broken) == "tar: header checksum does not match");
}

TEST_CASE("TarReader: an extended header larger than its limit is refused before it is read") {
    std::string block = TarBuilder().pax({"a=b"}).without_end().substr(0, 512);
    std::snprintf(block.data() + 124, 12, "%011o", 64 << 20);
    TarBuilder::seal(block.data());
    CHECK(archive_error(block) == "tar: extended header is too large");
}

TEST_CASE("TarReader: a size in base 256 is understood, a negative one refused") {
    std::string block = TarBuilder().file("a", "").without_end();
    std::memset(block.data() + 124, 0, 12);
    block[124] = static_cast<char>(0x80);
    block[135] = 3;
    TarBuilder::seal(block.data());
    Collector collector;
    REQUIRE(read_in_pieces(collector, block + "abc" + std::string(509, '\0'), 512));
    CHECK(collector.seen[0].content == "abc");
    std::memset(block.data() + 124, 0xff, 12);
    TarBuilder::seal(block.data());
    CHECK(archive_error(block) == "tar: negative size");
}

TEST_CASE("TarReader: random damage never gets past an error") {
    std::mt19937 random(20261121);
    TarBuilder tar;
    tar.pax({"path=some/path", "mtime=1.25", "SCHILY.xattr.user.x=1"}).file("a", std::string(700, 'a'));
    tar.gnu_long_name(std::string(150, 'z')).file("z", "zz").symlink("l", "a").directory("d/");
    const std::string good = tar.bytes();
    for (int round = 0; round < 3000; ++round) {
        std::string bad = good;
        for (unsigned changes = 1 + random() % 8; changes > 0; --changes)
            bad[random() % bad.size()] = static_cast<char>(random());
        // Half of them with a valid checksum, to get behind it.
        if (random() % 2) TarBuilder::seal(bad.data() + random() % (bad.size() / 512) * 512);
        bad.resize(random() % (bad.size() + 1));
        Collector collector;
        (void)read_in_pieces(collector, bad, 1 + random() % 2000);
        CHECK(collector.seen.size() < 100);
    }
}

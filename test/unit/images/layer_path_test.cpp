#include "layer_path.hpp"

#include <catch2/catch.hpp>

using namespace orilla;
using namespace orilla::images;

namespace {
std::string clean(std::string_view path) {
    const auto result = clean_entry_path(path);
    return result ? *result : "error: " + result.error().message();
}
}  // namespace

TEST_CASE("clean_entry_path: spellings of one path are one path") {
    for (std::string_view same : {"a/b", "./a/b", "a/b/", "a//b", "a/./b", "./a/./b//", "/a/b", "//a/b", "/./a/b/", ".//a/b"})
        CHECK(clean(same) == "a/b");
    for (std::string_view root : {"", ".", "./", "././", "/", "//", "/.", "/./"}) CHECK(clean(root).empty());
    CHECK(clean("..a/...") == "..a/...");
}

TEST_CASE("clean_entry_path: what leads out or has no end is refused") {
    CHECK(clean("../x") == "error: entry ../x leads out of the layer");
    CHECK(clean("a/../b") == "error: entry a/../b leads out of the layer");
    for (std::string_view out : {"/..", "/../etc/passwd", "/a/../b", "//..", "a/.."})
        CHECK(clean(out) == "error: entry " + std::string(out) + " leads out of the layer");
    CHECK(clean("a\n..\x7f/..").find("a\\x0a..\\x7f/..") != std::string::npos);
    CHECK(clean(std::string_view("a\0b", 3)).find("zero byte") != std::string::npos);
    CHECK(clean(std::string(256, 'a')).find("longer than 255") != std::string::npos);
    CHECK(clean(std::string(5000, 'a')).find("longer than 4095") != std::string::npos);
}

TEST_CASE("whiteouts: by their names") {
    CHECK(classify_whiteout("x") == Whiteout::none);
    CHECK(classify_whiteout(".wh.x") == Whiteout::remove);
    CHECK(classify_whiteout(".wh..wh..opq") == Whiteout::opaque);
    CHECK(classify_whiteout(".wh..wh.plnk") == Whiteout::aufs_internal);
    CHECK(*whiteout_target(".wh.x") == "x");
    CHECK_FALSE(whiteout_target(".wh."));
    CHECK_FALSE(whiteout_target(".wh..."));
    CHECK_FALSE(whiteout_target(".wh.."));
}

TEST_CASE("keeps_xattr: nothing that steers the kernel or an overlay") {
    CHECK(keeps_xattr("user.note"));
    CHECK(keeps_xattr("security.capability"));
    for (std::string_view bad :
         {"trusted.overlay.opaque", "user.overlay.redirect", "security.selinux", "system.posix_acl_access", "x"})
        CHECK_FALSE(keeps_xattr(bad));
}

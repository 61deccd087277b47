#include "supervisor/users.hpp"

#include <catch2/catch.hpp>
#include <cerrno>
#include <string>

using namespace orilla::supervisor;

namespace {

constexpr const char* passwd =
    "root:x:0:0:root:/root:/bin/sh\n"
    "broken line\n"
    "web:x:1000:1001:Web:/home/web:/bin/sh\n"
    "relative:x:1002:1002::home:/bin/sh\n"
    "huge:x:99999999999:1:::\n";
constexpr const char* group =
    "root:x:0:\n"
    "logs:x:2000:other,web\n"
    "www:x:2001:\n"
    "webs:x:2002:webs,webmaster\n"
    "short\n"
    "audio:x:2003:web";

struct Found {
    int error = 0;
    User user;
};

Found find(const char* text, int64_t uid = -1, int64_t gid = -1) {
    Found found;
    found.error = find_user({slice(text), uid, gid}, slice(passwd), slice(group), found.user);
    return found;
}

Found find_in(const AccountFile& accounts, const AccountFile& groups, const char* text, int64_t uid = -1) {
    Found found;
    found.error = find_user({slice(text), uid, -1}, accounts, groups, found.user);
    return found;
}

}  // namespace

TEST_CASE("find_user: nobody asked for is root") {
    const Found found = find("");
    CHECK(found.error == 0);
    CHECK(found.user.uid == 0);
    CHECK(found.user.gid == 0);
    CHECK(std::string(found.user.home) == "/root");
}

TEST_CASE("find_user: a name brings its group, home and further groups") {
    const Found found = find("web");
    CHECK(found.user.uid == 1000);
    CHECK(found.user.gid == 1001);
    CHECK(std::string(found.user.home) == "/home/web");
    REQUIRE(found.user.group_count == 2);
    CHECK(found.user.groups[0] == 2000);
    CHECK(found.user.groups[1] == 2003);
}

TEST_CASE("find_user: further groups are left out where only given ones are wanted") {
    UserRequest request{slice("web")};
    request.only_given_groups = true;
    User user;
    CHECK(find_user(request, slice(passwd), slice(group), user) == 0);
    CHECK(user.gid == 1001);
    CHECK(user.group_count == 0);
}

TEST_CASE("find_user: a number is looked up too, and need not be known") {
    CHECK(find("1000").user.gid == 1001);
    const Found stranger = find("4242");
    CHECK(stranger.error == 0);
    CHECK(stranger.user.uid == 4242);
    CHECK(stranger.user.gid == 0);
    CHECK(std::string(stranger.user.home) == "/");
}

TEST_CASE("find_user: a group by name or number") {
    CHECK(find("web:www").user.gid == 2001);
    CHECK(find("web:77").user.gid == 77);
    CHECK(find("4242:www").user.gid == 2001);
}

TEST_CASE("find_user: the spec's numbers win over the image's text") {
    const Found found = find("web:www", 5000);
    CHECK(found.user.uid == 5000);
    CHECK(found.user.gid == 0);
    CHECK(find("web:www", -1, 6000).user.gid == 6000);
    CHECK(find("web:www", -1, 6000).user.uid == 1000);
    CHECK(find("", 1000).user.gid == 1001);
}

TEST_CASE("find_user: an unknown name is an error") {
    CHECK(find("nobody").error == -ESRCH);
    CHECK(find("web:nogroup").error == -ESRCH);
    CHECK(find("huge").error == -ESRCH);
    CHECK(find("webmaster").error == -ESRCH);
}

TEST_CASE("find_user: a relative home is not taken") { CHECK(std::string(find("relative").user.home) == "/"); }

TEST_CASE("find_user: too many groups are an error, not an overflow") {
    std::string many;
    for (size_t i = 0; i <= groups_max; ++i) many += "g" + std::to_string(i) + ":x:" + std::to_string(i + 1) + ":web\n";
    User user;
    CHECK(find_user({slice("web")}, slice(passwd), Slice{many.data(), many.size()}, user) == -E2BIG);
}

TEST_CASE("find_user: any bytes at all") {
    const std::string noise(4096, ':');
    User user;
    const Slice noisy{noise.data(), noise.size()};
    CHECK(find_user({slice("web")}, noisy, noisy, user) == -ESRCH);
    CHECK(find_user({slice(":")}, Slice{}, Slice{}, user) == 0);
}

TEST_CASE("find_user: a file that cannot be read matters only for a name") {
    const AccountFile fifo(-EINVAL), huge(-EFBIG);
    CHECK(find_in(fifo, huge, "").error == 0);
    CHECK(find_in(fifo, huge, "", 1000).user.uid == 1000);
    CHECK(find_in(fifo, huge, "web", 1000).error == 0);
    CHECK(find_in(fifo, huge, "4242:77").user.gid == 77);
    CHECK(find_in(fifo, slice(group), "web").error == -EINVAL);
    CHECK(find_in(slice(passwd), huge, "web").error == 0);
    CHECK(find_in(slice(passwd), huge, "web:www").error == -EFBIG);
    CHECK(find_in(slice(passwd), huge, "4242:www").error == -EFBIG);
}

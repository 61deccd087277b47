// Finds who a container runs as in the image's own /etc/passwd and /etc/group, which are hostile text: bounded,
// malformed lines are skipped, nothing is allocated.
#pragma once

#include "text.hpp"

namespace orilla::supervisor {

inline constexpr size_t groups_max = 256;
inline constexpr size_t home_bytes_max = 256;

struct UserRequest {
    Slice text;        ///< "", "1000", "nginx", "nginx:www", "1000:www"
    int64_t uid = -1;  ///< -1: as the text says
    int64_t gid = -1;
    bool only_given_groups = false;  ///< none of those that list the user as a member
};

struct User {
    uint32_t uid = 0;
    uint32_t gid = 0;
    uint32_t groups[groups_max];
    size_t group_count = 0;
    char home[home_bytes_max] = "/";
};

/// /etc/passwd or /etc/group, or why it cannot be read (a negative errno).
struct AccountFile {
    AccountFile(Slice text) : content(text) {}
    explicit AccountFile(int why) : error(why) {}
    Slice content{};
    int error = 0;
};

/// 0, or a negative errno: -ESRCH (user or group text that no file knows), -E2BIG (too many groups). A file that cannot be
/// read is an error only for a name that it alone could tell: a number runs without it.
int find_user(const UserRequest& request, const AccountFile& passwd, const AccountFile& group, User& user);
/// Adds a group once.
int add_group(User& user, uint32_t gid);

}  // namespace orilla::supervisor

#include "users.hpp"

#include <linux/errno.h>

namespace orilla::supervisor {

namespace {

constexpr uint64_t id_max = 0x7fffffff;

struct PasswdLine {
    Slice name, home;
    uint64_t uid, gid;
};

bool parse_passwd_line(Slice line, PasswdLine& out) {
    Slice password, uid, gid, gecos;
    return next_field(line, ':', out.name) && next_field(line, ':', password) && next_field(line, ':', uid) &&
           next_field(line, ':', gid) && next_field(line, ':', gecos) && next_field(line, ':', out.home) && out.name.size > 0 &&
           parse_number(uid, id_max, out.uid) && parse_number(gid, id_max, out.gid);
}

struct GroupLine {
    Slice name, members;
    uint64_t gid;
};

bool parse_group_line(Slice line, GroupLine& out) {
    Slice password, gid;
    if (!next_field(line, ':', out.name) || !next_field(line, ':', password) || !next_field(line, ':', gid)) return false;
    if (!next_field(line, ':', out.members)) out.members = {};
    return out.name.size > 0 && parse_number(gid, id_max, out.gid);
}

bool lists_member(Slice members, Slice name) {
    Slice member;
    while (next_field(members, ',', member))
        if (text_equals(member, name)) return true;
    return false;
}

/// The user's line by name when there is one, otherwise by number.
bool find_passwd_line(Slice passwd, Slice name, uint64_t uid, PasswdLine& found) {
    Slice line;
    while (next_field(passwd, '\n', line)) {
        PasswdLine parsed;
        if (!parse_passwd_line(line, parsed)) continue;
        if (name.size ? !text_equals(parsed.name, name) : parsed.uid != uid) continue;
        found = parsed;
        return true;
    }
    return false;
}

bool find_gid(Slice group, Slice name, uint64_t& gid) {
    Slice line;
    while (next_field(group, '\n', line)) {
        GroupLine parsed;
        if (!parse_group_line(line, parsed) || !text_equals(parsed.name, name)) continue;
        gid = parsed.gid;
        return true;
    }
    return false;
}

int add_member_groups(Slice group, Slice name, User& user) {
    Slice line;
    while (next_field(group, '\n', line)) {
        GroupLine parsed;
        if (!parse_group_line(line, parsed) || !lists_member(parsed.members, name)) continue;
        if (int error = add_group(user, (uint32_t)parsed.gid)) return error;
    }
    return 0;
}

}  // namespace

int add_group(User& user, uint32_t gid) {
    for (size_t i = 0; i < user.group_count; ++i)
        if (user.groups[i] == gid) return 0;
    if (user.group_count == groups_max) return -E2BIG;
    user.groups[user.group_count++] = gid;
    return 0;
}

int find_user(const UserRequest& request, const AccountFile& passwd, const AccountFile& group, User& user) {
    Slice rest = request.text, user_text{}, group_text{};
    if (rest.size) {
        next_field(rest, ':', user_text);
        group_text = rest;
    }
    uint64_t uid = 0;
    Slice name{};
    if (request.uid >= 0) uid = (uint64_t)request.uid;
    else if (user_text.size && !parse_number(user_text, id_max, uid)) name = user_text;
    PasswdLine line{};
    if (name.size && passwd.error) return passwd.error;
    const bool known = find_passwd_line(passwd.content, name, uid, line);
    if (name.size && !known) return -ESRCH;
    if (known) uid = line.uid;

    uint64_t gid = known ? line.gid : 0;
    if (request.gid >= 0) gid = (uint64_t)request.gid;
    // A group in the image's text belongs to the image's user; with another user it means nothing.
    else if (request.uid < 0 && group_text.size && !parse_number(group_text, id_max, gid) &&
             !find_gid(group.content, group_text, gid))
        return group.error ? group.error : -ESRCH;
    user.uid = (uint32_t)uid;
    user.gid = (uint32_t)gid;
    if (known && line.home.size && line.home.data[0] == '/') copy_text(user.home, sizeof user.home, line.home);
    return known && !request.only_given_groups ? add_member_groups(group.content, line.name, user) : 0;
}

}  // namespace orilla::supervisor

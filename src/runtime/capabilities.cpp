#include <fcntl.h>
#include <linux/capability.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <string>
#include <string_view>

#include "orilla/runtime/spec.hpp"

namespace orilla::runtime {

namespace {

constexpr std::array<std::string_view, 41> names = {
    "CHOWN",          "DAC_OVERRIDE",    "DAC_READ_SEARCH",  "FOWNER",       "FSETID",       "KILL",
    "SETGID",         "SETUID",          "SETPCAP",          "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST",
    "NET_ADMIN",      "NET_RAW",         "IPC_LOCK",         "IPC_OWNER",    "SYS_MODULE",   "SYS_RAWIO",
    "SYS_CHROOT",     "SYS_PTRACE",      "SYS_PACCT",        "SYS_ADMIN",    "SYS_BOOT",     "SYS_NICE",
    "SYS_RESOURCE",   "SYS_TIME",        "SYS_TTY_CONFIG",   "MKNOD",        "LEASE",        "AUDIT_WRITE",
    "AUDIT_CONTROL",  "SETFCAP",         "MAC_OVERRIDE",     "MAC_ADMIN",    "SYSLOG",       "WAKE_ALARM",
    "BLOCK_SUSPEND",  "AUDIT_READ",      "PERFMON",          "BPF",          "CHECKPOINT_RESTORE"};
static_assert(names[CAP_CHECKPOINT_RESTORE] == "CHECKPOINT_RESTORE" && names[CAP_SETFCAP] == "SETFCAP");

constexpr CapabilitySet bit(int capability) { return CapabilitySet{1} << capability; }

/// "net_bind_service" and "CAP_NET_BIND_SERVICE" name the same, to container runtimes as to people.
std::string plain_name(std::string_view name) {
    std::string plain(name);
    for (char& c : plain) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    if (plain.starts_with("CAP_")) plain.erase(0, 4);
    return plain;
}

bool is_all(const std::string& name) { return plain_name(name) == "ALL"; }

Result<CapabilitySet> parse_capability(const std::string& name) {
    const auto* found = std::find(names.begin(), names.end(), plain_name(name));
    if (found == names.end()) return Error(Code::invalid, "unknown capability \"" + name + "\"");
    return bit(static_cast<int>(found - names.begin()));
}

}  // namespace

CapabilitySet hardened_capabilities() {
    return bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FSETID) | bit(CAP_FOWNER) | bit(CAP_SETGID) |
           bit(CAP_SETUID) | bit(CAP_SETFCAP) | bit(CAP_SETPCAP) | bit(CAP_NET_BIND_SERVICE) | bit(CAP_SYS_CHROOT) |
           bit(CAP_KILL);
}

CapabilitySet default_capabilities() {
    return hardened_capabilities() | bit(CAP_MKNOD) | bit(CAP_NET_RAW) | bit(CAP_AUDIT_WRITE);
}

CapabilitySet all_capabilities() {
    __user_cap_header_struct header{_LINUX_CAPABILITY_VERSION_3, 0};
    __user_cap_data_struct data[2]{};
    if (syscall(SYS_capget, &header, data) != 0) return hardened_capabilities();
    return data[0].permitted | static_cast<CapabilitySet>(data[1].permitted) << 32;
}

Result<CapabilitySet> plan_capabilities(const std::vector<std::string>& add, const std::vector<std::string>& drop,
                                        CapabilitySet base) {
    CapabilitySet set = base;
    // A drop of ALL with single adds means: only those. So what is about ALL comes first, and of that a drop last.
    if (std::any_of(add.begin(), add.end(), is_all)) set = all_capabilities();
    if (std::any_of(drop.begin(), drop.end(), is_all)) set = 0;
    for (const auto& name : add) {
        if (is_all(name)) continue;
        TRY(const CapabilitySet added, parse_capability(name));
        set |= added;
    }
    for (const auto& name : drop) {
        if (is_all(name)) continue;
        TRY(const CapabilitySet dropped, parse_capability(name));
        set &= ~dropped;
    }
    return set;
}

}  // namespace orilla::runtime

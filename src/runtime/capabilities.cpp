#include <fmt/core.h>
#include <sys/capability.h>

#include <algorithm>
#include <memory>
#include <string>
#include <string_view>
#include <type_traits>

#include "orilla/base/text.hpp"
#include "orilla/runtime/spec.hpp"

namespace orilla::runtime {

namespace {

constexpr CapabilitySet bit(int capability) { return CapabilitySet{1} << capability; }

/// "NET_BIND_SERVICE" and "cap_net_bind_service" name the same, to container runtimes as to people.
std::string full_name(std::string_view name) {
    std::string full = lowered(name);
    return full.starts_with("cap_") ? full : "cap_" + full;
}

bool is_all(const std::string& name) { return full_name(name) == "cap_all"; }

/// The library also takes numbers, and the beginning of a longer text.
Result<CapabilitySet> parse_capability(const std::string& name) {
    const std::string full = full_name(name);
    const bool is_word = full.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
    cap_value_t capability = 0;
    if (!is_word || cap_from_name(full.c_str(), &capability) != 0)
        return Error(Code::invalid, fmt::format("unknown capability \"{}\"", name));
    return bit(capability);
}

struct CapFree {
    void operator()(void* set) const { cap_free(set); }
};

}  // namespace

CapabilitySet hardened_capabilities() {
    return bit(CAP_CHOWN) | bit(CAP_DAC_OVERRIDE) | bit(CAP_FSETID) | bit(CAP_FOWNER) | bit(CAP_SETGID) | bit(CAP_SETUID) |
           bit(CAP_SETFCAP) | bit(CAP_SETPCAP) | bit(CAP_NET_BIND_SERVICE) | bit(CAP_SYS_CHROOT) | bit(CAP_KILL);
}

CapabilitySet default_capabilities() {
    return hardened_capabilities() | bit(CAP_MKNOD) | bit(CAP_NET_RAW) | bit(CAP_AUDIT_WRITE);
}

CapabilitySet all_capabilities() {
    const std::unique_ptr<std::remove_pointer_t<cap_t>, CapFree> own(cap_get_proc());
    if (!own) return hardened_capabilities();
    CapabilitySet set = 0;
    for (cap_value_t capability = 0; capability < cap_max_bits(); ++capability) {
        cap_flag_value_t is_permitted = CAP_CLEAR;
        if (cap_get_flag(own.get(), capability, CAP_PERMITTED, &is_permitted) == 0 && is_permitted == CAP_SET)
            set |= bit(capability);
    }
    return set;
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

#include "links/link_names.hpp"

#include <fmt/core.h>
#include <cstdio>

namespace orilla::network {

namespace {
constexpr size_t pod_name_bytes_max = 63;
constexpr char veth_prefix[] = "pod";
}  // namespace

Result<void> check_pod_name(const std::string& pod) {
    const bool fits = !pod.empty() && pod.size() <= pod_name_bytes_max &&
                      pod.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (fits) return ok();
    return Error(Code::invalid, fmt::format("pod uid \"{}\": 1 to 63 lower case letters, digits and dashes", pod));
}

std::string netns_name(const std::string& pod, Ipv4 ip) { return fmt::format("{}_{}", pod, ip.text()); }

std::optional<NetnsName> parse_netns_name(const std::string& file) {
    const size_t split = file.find('_');
    if (split == std::string::npos) return std::nullopt;
    NetnsName name{file.substr(0, split), {}};
    auto ip = parse_ipv4(std::string_view(file).substr(split + 1));
    if (!ip || !check_pod_name(name.pod)) return std::nullopt;
    name.ip = *ip;
    return name;
}

std::string veth_name(Ipv4 ip) { return fmt::format("{}{:08x}", veth_prefix, ip.value); }

std::optional<Ipv4> parse_veth_name(const std::string& name) {
    unsigned value = 0;
    if (name.size() != 11 || std::sscanf(name.c_str(), "pod%8x", &value) != 1) return std::nullopt;
    const Ipv4 ip{value};
    if (veth_name(ip) != name) return std::nullopt;
    return ip;
}

}  // namespace orilla::network

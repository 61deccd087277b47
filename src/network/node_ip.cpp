#include "orilla/network/node_ip.hpp"

#include <arpa/inet.h>
#include <ifaddrs.h>
#include <net/if.h>
#include <netinet/in.h>

#include <fstream>
#include <sstream>
#include <string_view>

namespace orilla::network {
namespace {

/// The interface of the default route, from /proc/net/route: name, destination, ...
std::string find_default_interface() {
    std::ifstream in("/proc/net/route");
    std::string line;
    std::getline(in, line);
    while (std::getline(in, line)) {
        std::istringstream fields(line);
        std::string name, destination;
        if (fields >> name >> destination && destination == "00000000") return name;
    }
    return "";
}

}  // namespace

std::string find_node_ip(const std::string& bridge) {
    ifaddrs* list = nullptr;
    if (getifaddrs(&list) != 0) return "";
    const std::string wanted = find_default_interface();
    std::string first, of_default;
    for (const ifaddrs* one = list; one; one = one->ifa_next) {
        if (!one->ifa_addr || one->ifa_addr->sa_family != AF_INET || !(one->ifa_flags & IFF_UP)) continue;
        if ((one->ifa_flags & IFF_LOOPBACK) || bridge == one->ifa_name) continue;
        // getifaddrs calls an address by its label.
        if (std::string_view(one->ifa_name) == balancer_label) continue;
        char text[INET_ADDRSTRLEN];
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in*>(one->ifa_addr)->sin_addr, text, sizeof text);
        if (first.empty()) first = text;
        if (of_default.empty() && wanted == one->ifa_name) of_default = text;
    }
    freeifaddrs(list);
    return of_default.empty() ? first : of_default;
}

}  // namespace orilla::network

// A pod's /etc/resolv.conf: what its dnsPolicy gives, and dnsConfig on top.
#include <fmt/core.h>
#include <algorithm>
#include <sstream>

#include "pod/sandbox_spec.hpp"

namespace orilla::node {
namespace {

constexpr size_t nameservers_max = 3;  ///< glibc and musl read no more
constexpr size_t searches_max = 32;

struct ResolvConf {
    std::vector<std::string> nameservers, searches, options;
};

void add_once(std::vector<std::string>& list, const std::string& text, size_t size_max) {
    if (list.size() < size_max && std::find(list.begin(), list.end(), text) == list.end()) list.push_back(text);
}

/// "ndots:5" takes the place of an "ndots:" that is there.
void set_option(std::vector<std::string>& options, const std::string& option) {
    const std::string name = option.substr(0, option.find(':'));
    for (auto& have : options)
        if (have.substr(0, have.find(':')) == name) return void(have = option);
    options.push_back(option);
}

/// As resolv.conf(5): the last search or domain line counts, options add up.
ResolvConf parse_resolv_conf(const std::string& text) {
    ResolvConf out;
    std::istringstream lines(text);
    for (std::string line; std::getline(lines, line);) {
        std::istringstream words(line);
        std::string key;
        words >> key;
        if (key == "search" || key == "domain") out.searches.clear();
        for (std::string word; words >> word;) {
            if (key == "nameserver") add_once(out.nameservers, word, nameservers_max);
            else if (key == "search" || key == "domain") add_once(out.searches, word, searches_max);
            else if (key == "options") set_option(out.options, word);
            else break;
        }
    }
    return out;
}

bool is_of_cluster(const api::Pod& pod) {
    const std::string_view policy = pod.spec.dns_policy.view();
    return policy == "ClusterFirstWithHostNet" || (policy != "Default" && !pod.spec.host_network);
}

ResolvConf plan_policy(const api::Pod& pod, const std::string& dns_ip, const std::string& cluster_domain,
                       const std::string& host_resolv_conf) {
    if (pod.spec.dns_policy == "None") return {};
    if (!is_of_cluster(pod)) return parse_resolv_conf(host_resolv_conf);
    return {{dns_ip},
            {fmt::format("{}.svc.{}", pod.metadata.namespace_.view(), cluster_domain), "svc." + cluster_domain, cluster_domain},
            {"ndots:5"}};
}

std::string render_line(const std::string& key, const std::vector<std::string>& words) {
    std::string out = key;
    for (const auto& word : words) out += " " + word;
    return words.empty() ? "" : out + "\n";
}

}  // namespace

bool shows_host_files(const api::Pod& pod) {
    return pod.spec.host_network || (pod.spec.dns_policy != "None" && !is_of_cluster(pod));
}

std::string render_resolv_conf(const api::Pod& pod, const std::string& dns_ip, const std::string& cluster_domain,
                               const std::string& host_resolv_conf) {
    ResolvConf conf = plan_policy(pod, dns_ip, cluster_domain, host_resolv_conf);
    if (pod.spec.dns_config) {
        const auto& config = *pod.spec.dns_config;
        for (const auto& server : config.nameservers) add_once(conf.nameservers, server.str(), nameservers_max);
        for (const auto& search : config.searches) add_once(conf.searches, search.str(), searches_max);
        for (const auto& option : config.options)
            set_option(conf.options, option.name.str() + (option.value ? ":" + option.value->str() : ""));
    }
    std::string out;
    for (const auto& server : conf.nameservers) out += fmt::format("nameserver {}\n", server);
    return out + render_line("search", conf.searches) + render_line("options", conf.options);
}

}  // namespace orilla::node

#include "fakes.hpp"

#include <algorithm>

namespace orilla::sim {

// ---- images ----------------------------------------------------------------------------------------------------------

std::optional<node::ImageFacts> FakeImages::find(const std::string& name) const {
    if (!host_.images().contains(name)) return std::nullopt;
    return node::ImageFacts{name + "@sha256:0", "", 1'000'000, {name}};
}

Result<void> FakeImages::check_name(const std::string& name) const {
    if (name.starts_with("Bad")) return Error(Code::invalid, "couldn't parse image name");
    return ok();
}

loop::Task<Result<node::ImageFacts>> FakeImages::pull(std::string name, std::vector<std::string>) {
    const Weather& weather = host_.weather();
    co_await loop_.sleep_for(static_cast<int64_t>(host_.random().below(static_cast<uint64_t>(weather.pull_ms_max) + 1)));
    if (weather.disk_full) co_return Error(Code::unavailable, "no space left on the disk of the images");
    if (static_cast<int>(host_.random().below(100)) < weather.pull_errors_percent)
        co_return Error(Code::unavailable, "registry.example: connection reset by peer");
    if (name.starts_with("missing")) co_return Error(Code::not_found, "manifest unknown");
    host_.images().insert(name);
    host_.trace().add("host: pulled " + name);
    co_return *find(name);
}

// ---- network ---------------------------------------------------------------------------------------------------------

loop::Task<Result<node::PodNetwork>> FakeNetwork::attach(std::string uid, std::vector<node::HostPort>, std::string) {
    const Weather& weather = host_.weather();
    co_await loop_.sleep_for(static_cast<int64_t>(host_.random().below(static_cast<uint64_t>(weather.runtime_ms_max) + 1)));
    if (static_cast<int>(host_.random().below(100)) < weather.runtime_errors_percent)
        co_return Error(Code::unavailable, "netlink: no buffer space available");
    CO_CHECK(std::string ip, host_.attach(uid));
    co_return node::PodNetwork{ip, "/run/netns/" + uid};
}

loop::Task<Result<void>> FakeNetwork::detach(std::string uid) {
    const Weather& weather = host_.weather();
    co_await loop_.sleep_for(static_cast<int64_t>(host_.random().below(static_cast<uint64_t>(weather.runtime_ms_max) + 1)));
    host_.detach(uid);
    co_return ok();
}

std::optional<node::PodNetwork> FakeNetwork::find(const std::string& uid) const {
    const auto found = host_.addresses().find(uid);
    if (found == host_.addresses().end()) return std::nullopt;
    return node::PodNetwork{found->second, "/run/netns/" + uid};
}

void FakeNetwork::keep_only(const std::vector<std::string>& uids) {
    std::vector<std::string> gone;
    for (const auto& [uid, ip] : host_.addresses())
        if (std::find(uids.begin(), uids.end(), uid) == uids.end()) gone.push_back(uid);
    for (const auto& uid : gone) host_.detach(uid);
}

// ---- service rules ---------------------------------------------------------------------------------------------------

Result<void> FakeRules::replace_all(Services services) {
    host_.rules() = std::move(services);
    return ok();
}

Result<void> FakeRules::update(const std::string& owner, std::vector<network::ServicePortSpec> ports) {
    if (ports.empty()) host_.rules().erase(owner);
    else host_.rules()[owner] = std::move(ports);
    return ok();
}

}  // namespace orilla::sim

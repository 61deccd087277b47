#include "fakes.hpp"

#include <algorithm>

namespace orilla::sim {

// ---- images ----------------------------------------------------------------------------------------------------------

const images::Image* FakeImages::find(std::string_view name) const {
    const std::string text(name);
    if (!host_.images().contains(text)) return nullptr;
    images::Image& image = told_[text];
    image.id = text;
    image.names = {text};
    image.repo_digests = {text + "@sha256:0"};
    image.size_bytes = 1'000'000;
    image.config.entrypoint = {"run"};
    return &image;
}

loop::Task<Result<images::Image>> FakeImages::pull(images::PullRequest request) {
    const std::string name = request.image;
    const Weather& weather = host_.weather();
    co_await loop_.sleep_for(static_cast<int64_t>(host_.random().below(static_cast<uint64_t>(weather.pull_ms_max) + 1)));
    if (weather.disk_full) co_return Error(Code::unavailable, "no space left on the disk of the images");
    if (static_cast<int>(host_.random().below(100)) < weather.pull_errors_percent)
        co_return Error(Code::unavailable, "registry.example: connection reset by peer");
    if (name.starts_with("missing")) co_return Error(Code::not_found, "manifest unknown");
    host_.images().insert(name);
    host_.trace().add("host: pulled " + name);
    co_return images::Image(*find(name));
}

// ---- network ---------------------------------------------------------------------------------------------------------

loop::Task<Result<network::PodLink>> FakeLinks::attach(std::string uid) {
    const Weather& weather = host_.weather();
    co_await loop_.sleep_for(static_cast<int64_t>(host_.random().below(static_cast<uint64_t>(weather.runtime_ms_max) + 1)));
    if (static_cast<int>(host_.random().below(100)) < weather.runtime_errors_percent)
        co_return Error(Code::unavailable, "netlink: no buffer space available");
    CO_CHECK_VOID(host_.attach(uid));
    co_return *find(uid);
}

loop::Task<Result<void>> FakeLinks::detach(std::string uid) {
    const Weather& weather = host_.weather();
    co_await loop_.sleep_for(static_cast<int64_t>(host_.random().below(static_cast<uint64_t>(weather.runtime_ms_max) + 1)));
    host_.detach(uid);
    co_return ok();
}

std::optional<network::PodLink> FakeLinks::find(const std::string& uid) const {
    const auto found = host_.addresses().find(uid);
    if (found == host_.addresses().end()) return std::nullopt;
    return network::PodLink{uid, *parse_ipv4(found->second), "/run/netns/" + uid};
}

loop::Task<Result<void>> FakeLinks::keep_only(std::vector<std::string> uids) {
    std::vector<std::string> gone;
    for (const auto& [uid, ip] : host_.addresses())
        if (std::find(uids.begin(), uids.end(), uid) == uids.end()) gone.push_back(uid);
    for (const auto& uid : gone) host_.detach(uid);
    co_return ok();
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

// ---- the LAN ---------------------------------------------------------------------------------------------------------

loop::Loop::SleepAwaiter FakeLan::pause() {
    return loop_.sleep_for(
        static_cast<int64_t>(host_.random().below(static_cast<uint64_t>(host_.weather().runtime_ms_max) + 1)));
}

loop::Task<Result<void>> FakeLan::take(Ipv4 ip) {
    co_await pause();
    if ((ip.value & 255) == 3) co_return Error(Code::conflict, ip.text() + " is in use on the LAN by 02:00:00:00:00:03");
    host_.lan().insert(ip);
    co_return ok();
}

loop::Task<Result<void>> FakeLan::give_back(Ipv4 ip) {
    co_await pause();
    host_.lan().erase(ip);
    co_return ok();
}

loop::Task<Result<void>> FakeLan::keep_only(std::vector<Ipv4> ips) {
    co_await pause();
    std::erase_if(host_.lan(), [&ips](Ipv4 ip) { return std::find(ips.begin(), ips.end(), ip) == ips.end(); });
    co_return ok();
}

}  // namespace orilla::sim

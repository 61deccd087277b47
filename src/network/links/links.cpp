#include "orilla/network/links.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/core.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "links/host_links.hpp"
#include "links/ip_allocator.hpp"
#include "links/lease.hpp"
#include "links/link_names.hpp"
#include "links/pod_namespace.hpp"
#include "links/repair_pace.hpp"
#include "netlink/loss_watch.hpp"
#include "netlink/rtnetlink.hpp"
#include "nft/flow_sweep.hpp"
#include "orilla/base/log.hpp"

namespace orilla::network {

namespace {
constexpr int64_t pool_refill_delay_ms = 30;  // not while the pod that emptied it starts

struct Pooled {
    Lease lease;
    UniqueFd netns;
};

struct Known {
    PodLink link;
    std::optional<Lease> lease;  ///< none for an address outside of today's range
    bool connected = true;       ///< false: the namespace is there, its link has gone
};
}  // namespace

class LinksImpl final : public Links {
  public:
    LinksImpl(loop::Loop& loop, loop::Executor& executor, std::shared_ptr<Host> host)
        : loop_(loop),
          executor_(executor),
          host_(std::move(host)),
          allocator_(host_->config.pod_cidr, 1),
          sweep_(loop, executor),
          freed_(loop),
          scope_(loop) {}

    Result<void> observe();
    Result<void> follow_losses();
    void start_refill();

    loop::Task<Result<PodLink>> attach(std::string pod) override;
    loop::Task<Result<PodLink>> attach_namespace(std::string pod, std::string netns_path) override;
    loop::Task<Result<void>> detach(std::string pod) override;
    loop::Task<Result<void>> keep_only(std::vector<std::string> pods) override;

    std::optional<PodLink> find(const std::string& pod) const override {
        const auto found = known_.find(pod);
        if (found == known_.end()) return std::nullopt;
        return found->second.link;
    }
    std::vector<PodLink> list() const override {
        std::vector<PodLink> links;
        for (const auto& [pod, known] : known_) links.push_back(known.link);
        return links;
    }
    Ipv4 gateway() const override { return host_->gateway; }
    bool made_bridge() const override { return made_bridge_; }
    void note_new_bridge() { made_bridge_ = true; }

  private:
    void observe_named(const std::string& file, const std::set<std::string>& ports);
    loop::Task<Result<Lease>> lease();
    Result<PodLink> name_link(const std::string& pod, Pooled place);
    loop::Task<Result<PodLink>> reconnect(std::string pod);
    loop::Task<Result<Pooled>> make_place();
    loop::Task<void> refill();
    loop::Task<Result<void>> remove_strays();
    bool is_ours(const NetworkLoss& loss) const;
    loop::Task<void> hear_of_losses();
    void start_repair();
    loop::Task<void> repair();
    loop::Task<Result<bool>> repair_links();

    loop::Loop& loop_;
    loop::Executor& executor_;
    std::shared_ptr<Host> host_;
    IpAllocator allocator_;
    FlowSweep sweep_;
    std::map<std::string, Known> known_;
    std::vector<Pooled> pool_;
    std::set<std::string> busy_;  ///< pods that are being attached, detached or repaired
    loop::Event freed_;           ///< one of them less
    bool refilling_ = false;
    bool repairing_ = false;
    bool repair_again_ = false;  ///< something went while the repair ran
    bool made_bridge_ = false;
    RepairPace pace_;
    int bridge_ = 0;  ///< its index, which jobs on the executor may change
    std::unique_ptr<LossWatch> watch_;
    loop::Scope scope_;  ///< last: its tasks use all of the above
};

// ---- the start -------------------------------------------------------------------------------------------------------

namespace {
/// One that cannot be removed is no reason not to start.
void forget_name(const std::string& path) {
    if (auto removed = unname_namespace(path); !removed) log::warning(removed.error().message());
}
}  // namespace

void LinksImpl::observe_named(const std::string& file, const std::set<std::string>& ports) {
    const std::string path = fmt::format("{}/{}", host_->config.netns_dir, file);
    auto parsed = parse_netns_name(file);
    if (!parsed) {
        log::warning(path + " is not a pod's network namespace: left alone");
        return;
    }
    auto netns = open_namespace(path);
    if (!netns) return forget_name(path);
    Known known{{parsed->pod, parsed->ip, path}, std::nullopt, ports.count(veth_name(parsed->ip)) > 0};
    if (allocator_.reserve(parsed->ip)) known.lease.emplace(allocator_, loop_.clock(), parsed->ip);
    else if (host_->config.pod_cidr.contains(parsed->ip)) return forget_name(path);  // a second name for it
    known_.insert_or_assign(parsed->pod, std::move(known));
}

Result<void> LinksImpl::observe() {
    TRY(const std::vector<LinkInfo> links, read_links(host_->socket));
    std::set<std::string> ports;
    for (const LinkInfo& link : links)
        if (link.master == host_->bridge) ports.insert(link.name);
    DIR* dir = ::opendir(host_->config.netns_dir.c_str());
    if (!dir) return Error::from_errno("list " + host_->config.netns_dir, errno);
    std::vector<std::string> files;
    while (const dirent* entry = ::readdir(dir))
        if (entry->d_name[0] != '.') files.emplace_back(entry->d_name);
    ::closedir(dir);
    std::sort(files.begin(), files.end());
    for (const std::string& file : files) observe_named(file, ports);
    std::vector<Ipv4> used = {host_->gateway};
    for (const auto& [pod, known] : known_) used.push_back(known.link.ip);
    sweep_.sweep_unused(host_->config.pod_cidr, std::move(used));
    return ok();
}

// ---- the pool --------------------------------------------------------------------------------------------------------

loop::Task<Result<Lease>> LinksImpl::lease() {
    std::optional<Ipv4> ip = allocator_.allocate(loop_.now_ms());
    while (!ip && sweep_.busy()) {
        AWAIT_VOID(sweep_.wait());
        ip = allocator_.allocate(loop_.now_ms());
    }
    if (!ip)
        co_return Error(Code::unavailable, fmt::format("no free pod address left in {} ({} in use)",
                                                       host_->config.pod_cidr.text(), allocator_.capacity()));
    co_return Lease(allocator_, loop_.clock(), *ip);
}

loop::Task<Result<Pooled>> LinksImpl::make_place() {
    CO_TRY(Lease taken, lease());
    auto task = loop::run_on(executor_, loop_, [host = host_, ip = taken.ip()] { return make_connected(*host, ip); });
    CO_TRY(UniqueFd netns, std::move(task));
    co_return Pooled{std::move(taken), std::move(netns)};
}

loop::Task<void> LinksImpl::refill() {
    auto pause = loop_.sleep_for(pool_refill_delay_ms);
    co_await pause;
    while (pool_.size() < static_cast<size_t>(host_->config.pool_size)) {
        AWAIT(auto place, make_place());
        if (!place) {
            log::warning("prepare a pod's network namespace: " + place.error().message());
            break;  // tried again after the next attach
        }
        pool_.push_back(std::move(*place));
    }
    refilling_ = false;
}

void LinksImpl::start_refill() {
    if (refilling_ || pool_.size() >= static_cast<size_t>(host_->config.pool_size)) return;
    refilling_ = true;
    scope_.spawn(refill());
}

// ---- attach, detach --------------------------------------------------------------------------------------------------

namespace {
/// One pod, one change at a time: whoever comes second waits until `freed`.
class Busy {
  public:
    Busy(std::set<std::string>& all, loop::Event& freed, std::string pod) : all_(all), freed_(freed), pod_(std::move(pod)) {
        all_.insert(pod_);
    }
    Busy(const Busy&) = delete;
    Busy& operator=(const Busy&) = delete;
    ~Busy() {
        all_.erase(pod_);
        freed_.notify_all();
    }

  private:
    std::set<std::string>& all_;
    loop::Event& freed_;
    std::string pod_;
};
}  // namespace

Result<PodLink> LinksImpl::name_link(const std::string& pod, Pooled place) {
    PodLink link{pod, place.lease.ip(), fmt::format("{}/{}", host_->config.netns_dir, netns_name(pod, place.lease.ip()))};
    auto named = name_namespace(place.netns.get(), link.netns_path);
    if (!named) return std::move(named).error();
    known_.insert_or_assign(pod, Known{link, std::move(place.lease), true});
    return link;
}

loop::Task<Result<PodLink>> LinksImpl::reconnect(std::string pod) {
    Known& known = known_.at(pod);
    if (known.connected) co_return known.link;
    CO_CHECK(UniqueFd netns, open_namespace(known.link.netns_path));
    auto shared = std::make_shared<UniqueFd>(std::move(netns));
    auto task = loop::run_on(executor_, loop_, [host = host_, shared, ip = known.link.ip] {
        return connect_existing(*host, std::move(*shared), ip);
    });
    CO_TRY_VOID(std::move(task));
    known.connected = true;
    co_return known.link;
}

loop::Task<Result<PodLink>> LinksImpl::attach(std::string pod) {
    CO_CHECK_VOID(check_pod_name(pod));
    while (busy_.count(pod)) co_await freed_.wait();
    const Busy busy(busy_, freed_, pod);
    if (known_.count(pod)) {
        CO_RETURN_AWAIT(reconnect(pod));
    }
    if (!pool_.empty()) {
        Pooled place = std::move(pool_.back());
        pool_.pop_back();
        start_refill();
        co_return name_link(pod, std::move(place));
    }
    CO_TRY(Pooled place, make_place());
    start_refill();
    co_return name_link(pod, std::move(place));
}

namespace {
/// In the namespace of that path, which the result keeps.
Result<UniqueFd> connect_at(Host& host, const std::string& netns_path, Ipv4 ip) {
    UniqueFd netns(::open(netns_path.c_str(), O_RDONLY | O_CLOEXEC));
    UniqueFd kept(netns ? ::fcntl(netns.get(), F_DUPFD_CLOEXEC, 3) : -1);
    if (!kept) return Error::from_errno("open " + netns_path, errno);
    TRY_VOID(connect_existing(host, std::move(netns), ip));
    return kept;
}
}  // namespace

loop::Task<Result<PodLink>> LinksImpl::attach_namespace(std::string pod, std::string netns_path) {
    CO_CHECK_VOID(check_pod_name(pod));
    while (busy_.count(pod)) co_await freed_.wait();
    const Busy busy(busy_, freed_, pod);
    if (known_.count(pod)) {
        CO_RETURN_AWAIT(reconnect(pod));
    }
    CO_TRY(Lease taken, lease());
    auto task = loop::run_on(executor_, loop_,
                             [host = host_, netns_path, ip = taken.ip()] { return connect_at(*host, netns_path, ip); });
    CO_TRY(UniqueFd netns, std::move(task));
    co_return name_link(pod, Pooled{std::move(taken), std::move(netns)});
}

loop::Task<Result<void>> LinksImpl::detach(std::string pod) {
    while (busy_.count(pod)) co_await freed_.wait();
    const auto found = known_.find(pod);
    if (found == known_.end()) co_return ok();
    const Busy busy(busy_, freed_, pod);
    auto task = loop::run_on(executor_, loop_, [host = host_, link = found->second.link] { return disconnect(*host, link); });
    CO_TRY_VOID(std::move(task));
    auto gone = known_.extract(pod);
    sweep_.add(gone.mapped().link.ip, std::move(gone.mapped().lease));
    co_return ok();
}

loop::Task<Result<void>> LinksImpl::remove_strays() {
    std::set<std::string> ours;
    for (const auto& [pod, known] : known_) ours.insert(veth_name(known.link.ip));
    // The pool's are made behind our back on the executor, where this runs too: read its addresses when it is our turn.
    auto task = loop::run_on(executor_, loop_, [host = host_] { return read_ports(*host); });
    CO_TRY(const std::vector<LinkInfo> links, std::move(task));
    for (const LinkInfo& link : links) {
        const std::optional<Ipv4> ip = parse_veth_name(link.name);
        if (!ip || ours.count(link.name)) continue;
        // An address that is leased is the pool's or of an attach under way.
        if (!allocator_.reserve(*ip) && host_->config.pod_cidr.contains(*ip)) continue;
        const Lease held(allocator_, loop_.clock(), *ip);
        auto removal =
            loop::run_on(executor_, loop_, [host = host_, name = link.name] { return remove_link(host->socket, name); });
        CO_TRY_VOID(std::move(removal));
    }
    co_return ok();
}

loop::Task<Result<void>> LinksImpl::keep_only(std::vector<std::string> pods) {
    const std::set<std::string> wanted(pods.begin(), pods.end());
    std::vector<std::string> gone;
    for (const auto& [pod, known] : known_)
        if (!wanted.count(pod)) gone.push_back(pod);
    std::optional<Error> failed;
    for (const std::string& pod : gone) {
        AWAIT(auto detached, detach(pod));
        if (!detached && !failed) failed = std::move(detached).error().with_context("detach pod " + pod);
    }
    CO_TRY_VOID(remove_strays());
    if (failed) co_return std::move(*failed);
    co_return ok();
}

// ---- repair ----------------------------------------------------------------------------------------------------------

Result<void> LinksImpl::follow_losses() {
    bridge_ = host_->bridge;
    TRY(watch_, LossWatch::open(loop_));
    scope_.spawn(hear_of_losses());
    for (const auto& [pod, known] : known_)
        if (!known.connected) start_repair();
    return ok();
}

bool LinksImpl::is_ours(const NetworkLoss& loss) const {
    if (loss.everybody || (loss.index != 0 && loss.index == bridge_) || loss.device == host_->config.bridge) return true;
    const std::optional<Ipv4> ip = parse_veth_name(loss.device);
    if (!ip) return false;
    const auto has_ip = [&ip](const auto& item) { return item.second.link.ip == *ip; };
    const auto leases_ip = [&ip](const Pooled& place) { return place.lease.ip() == *ip; };
    return std::any_of(known_.begin(), known_.end(), has_ip) || std::any_of(pool_.begin(), pool_.end(), leases_ip);
}

loop::Task<void> LinksImpl::hear_of_losses() {
    for (;;) {
        AWAIT(auto loss, watch_->next());
        if (!loss) {
            log::warning("links and addresses that are removed are not noticed any more: " + loss.error().message());
            co_return;
        }
        if (is_ours(*loss)) start_repair();
    }
}

void LinksImpl::start_repair() {
    repair_again_ = true;
    if (repairing_) return;
    repairing_ = true;
    scope_.spawn(repair());
}

loop::Task<void> LinksImpl::repair() {
    std::string complaint;
    while (repair_again_) {
        auto pause = loop_.sleep_for(pace_.pause_ms(loop_.now_ms()));
        co_await pause;
        repair_again_ = false;
        AWAIT(auto repaired, repair_links());
        if (!repaired || *repaired) pace_.repaired(loop_.now_ms());
        if (repaired) continue;
        repair_again_ = true;
        if (repaired.error().message() != complaint) log::warning("repair the pods' links: " + repaired.error().message());
        complaint = repaired.error().message();
    }
    repairing_ = false;
}

/// True when something was not as it should be.
loop::Task<Result<bool>> LinksImpl::repair_links() {
    std::vector<Ipv4> wanted;
    for (const auto& [pod, known] : known_)
        if (!busy_.count(pod)) wanted.push_back(known.link.ip);
    for (const Pooled& place : pool_) wanted.push_back(place.lease.ip());
    auto task = loop::run_on(executor_, loop_, [host = host_, wanted] { return repair_host_links(*host, wanted); });
    CO_TRY(const HostRepairs repairs, std::move(task));
    bridge_ = repairs.bridge;
    const std::set<Ipv4> gone(repairs.missing.begin(), repairs.missing.end()), asked(wanted.begin(), wanted.end());
    std::erase_if(pool_, [&gone](const Pooled& place) { return gone.count(place.lease.ip()) > 0; });
    std::vector<std::string> cut_off;
    for (auto& [pod, known] : known_) {
        if (!asked.count(known.link.ip) || busy_.count(pod)) continue;
        known.connected = !gone.count(known.link.ip);
        if (!known.connected) cut_off.push_back(pod);
    }
    std::optional<Error> failed;
    for (const std::string& pod : cut_off) {
        if (busy_.count(pod) || !known_.count(pod)) continue;
        const Busy busy(busy_, freed_, pod);
        AWAIT(auto connected, reconnect(pod));
        if (connected) log::warning(fmt::format("pod {}: its link had gone and was made again", pod));
        else if (!failed) failed = std::move(connected).error().with_context("pod " + pod);
    }
    start_refill();
    if (failed) co_return std::move(*failed);
    co_return repairs.repaired || !gone.empty();
}

// ---- open ------------------------------------------------------------------------------------------------------------

Result<void> check_links_config(const LinksConfig& config) {
    const std::string& bridge = config.bridge;
    if (bridge.empty() || bridge.size() > 15 || bridge.find_first_of("/: \t\n") != std::string::npos || bridge == "." ||
        bridge == "..")
        return Error(
            Code::invalid,
            fmt::format("bridge \"{}\": a device name has 1 to 15 characters, none of them '/', ':' or a space", bridge));
    if (config.pod_cidr.prefix < 16 || config.pod_cidr.prefix > 29)
        return Error(Code::invalid, fmt::format("pod-cidr {}: the prefix must be from 16 to 29", config.pod_cidr.text()));
    if (config.pod_cidr.overlaps(config.service_cidr))
        return Error(Code::invalid, fmt::format("pod-cidr {} and service-cidr {} overlap: choose others",
                                                config.pod_cidr.text(), config.service_cidr.text()));
    return ok();
}

namespace {
Result<void> make_directory(const std::string& path) {
    for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const std::string part = path.substr(0, slash);
        if (::mkdir(part.c_str(), slash == std::string::npos ? 0700 : 0755) != 0 && errno != EEXIST)
            return Error::from_errno("create " + part, errno);
        if (slash == std::string::npos) return ok();
    }
}
}  // namespace

Result<std::unique_ptr<Links>> Links::open(loop::Loop& loop, loop::Executor& executor, LinksConfig config) {
    TRY_VOID(check_links_config(config));
    TRY_VOID(make_directory(config.netns_dir));
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
    const Ipv4 gateway = config.pod_cidr.at(1);
    auto host = std::make_shared<Host>(Host{std::move(config), gateway, 0, 0, std::move(socket)});
    auto is_new = open_bridge(*host);
    if (!is_new) return std::move(is_new).error().with_context("pod network on " + host->config.bridge);
    auto links = std::make_unique<LinksImpl>(loop, executor, host);
    auto opened = links->observe();
    if (opened) opened = links->follow_losses();
    if (!opened && *is_new) (void)remove_link(host->socket, host->config.bridge);
    if (!opened) return std::move(opened).error();
    if (*is_new) links->note_new_bridge();
    links->start_refill();
    return std::unique_ptr<Links>(std::move(links));
}

Result<void> remove_links(const LinksConfig& config) {
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
    TRY(const std::vector<LinkInfo> links, read_links(socket));
    int bridge = 0;
    for (const LinkInfo& link : links)
        if (link.name == config.bridge) bridge = link.index;
    for (const LinkInfo& link : links)
        if (bridge != 0 && link.master == bridge && parse_veth_name(link.name)) TRY_VOID(remove_link(socket, link.name));
    if (bridge != 0) TRY_VOID(remove_link(socket, config.bridge));
    DIR* dir = ::opendir(config.netns_dir.c_str());
    if (!dir) return ok();
    std::vector<std::string> files;
    while (const dirent* entry = ::readdir(dir))
        if (parse_netns_name(entry->d_name)) files.emplace_back(entry->d_name);
    ::closedir(dir);
    for (const std::string& file : files) TRY_VOID(unname_namespace(fmt::format("{}/{}", config.netns_dir, file)));
    return ok();
}

}  // namespace orilla::network

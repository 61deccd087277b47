#include "orilla/network/links.hpp"

#include <dirent.h>
#include <fcntl.h>
#include <linux/rtnetlink.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <map>
#include <set>

#include "conntrack.hpp"
#include "ip_allocator.hpp"
#include "link_names.hpp"
#include "orilla/base/log.hpp"
#include "pod_namespace.hpp"
#include "rtnetlink.hpp"

namespace orilla::network {

namespace {
constexpr int64_t pool_refill_delay_ms = 30;  // not while the pod that emptied it starts

/// What jobs on the executor need; they share it, because a job may end after Links.
struct Host {
    LinksConfig config;
    Ipv4 gateway;
    int bridge = 0;
    int mtu = 0;
    NetlinkSocket socket;  ///< used by one job at a time, and by open before there are jobs
};

/// Gives the namespace its eth0 with `ip`; what was left of an earlier try is replaced.
Result<void> connect_namespace(Host& host, PreparedNamespace& inside, Ipv4 ip) {
    const std::string name = veth_name(ip);
    auto made = create_veth(host.socket, name, host.bridge, host.mtu, inside.netns.get(), ip);
    if (!made && made.error().error_number() == EEXIST) {
        TRY_VOID(remove_link(host.socket, name));
        made = create_veth(host.socket, name, host.bridge, host.mtu, inside.netns.get(), ip);
    }
    if (!made) return std::move(made).error();
    TRY_VOID(apply_pod_side(inside.socket, ip, host.gateway));
    TRY_VOID(apply_port(host.socket, name, host.bridge));
    // Nobody speaks IPv6 there; without this the kernel would announce itself on every link.
    (void)write_sysctl("net/ipv6/conf/" + name + "/disable_ipv6", "1");
    return ok();
}

Result<UniqueFd> make_connected(Host& host, Ipv4 ip) {
    TRY(PreparedNamespace inside, create_pod_namespace());
    TRY_VOID(connect_namespace(host, inside, ip));
    return std::move(inside.netns);
}

Result<void> connect_existing(Host& host, UniqueFd netns, Ipv4 ip) {
    TRY(PreparedNamespace inside, prepare_pod_namespace(std::move(netns)));
    return connect_namespace(host, inside, ip);
}

/// The link first: while the name is there, a restarted daemon finds what is left to remove.
Result<void> disconnect(Host& host, const PodLink& link) {
    TRY_VOID(remove_link(host.socket, veth_name(link.ip)));
    auto forgotten = forget_flows_of(link.ip);
    if (!forgotten) log::debug("connections of " + link.ip.text() + ": " + forgotten.error().message());
    return unname_namespace(link.netns_path);
}

/// An address is the allocator's again when its holder is gone, also when a start was cancelled halfway.
class Lease {
  public:
    Lease(IpAllocator& allocator, const Clock& clock, Ipv4 ip) : allocator_(&allocator), clock_(&clock), ip_(ip) {}
    Lease(Lease&& other) noexcept
        : allocator_(std::exchange(other.allocator_, nullptr)), clock_(other.clock_), ip_(other.ip_) {}
    Lease& operator=(Lease&& other) noexcept {
        std::swap(allocator_, other.allocator_);
        std::swap(clock_, other.clock_);
        std::swap(ip_, other.ip_);
        return *this;
    }
    ~Lease() {
        if (allocator_) allocator_->release(ip_, clock_->monotonic_ms());
    }
    Ipv4 ip() const { return ip_; }

  private:
    IpAllocator* allocator_;
    const Clock* clock_;
    Ipv4 ip_;
};

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
          scope_(loop) {}

    Result<void> observe();
    void start_refill();

    loop::Task<Result<PodLink>> attach(std::string pod) override;
    loop::Task<Result<PodLink>> attach_namespace(std::string pod, UniqueFd netns) override;
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

  private:
    Result<void> observe_named(const std::string& file, const std::set<std::string>& ports);
    Result<Lease> lease();
    Result<PodLink> name_link(const std::string& pod, Pooled place);
    loop::Task<Result<PodLink>> reconnect(std::string pod);
    loop::Task<Result<Pooled>> make_place();
    loop::Task<void> refill();
    loop::Task<Result<void>> remove_strays();

    loop::Loop& loop_;
    loop::Executor& executor_;
    std::shared_ptr<Host> host_;
    IpAllocator allocator_;
    std::map<std::string, Known> known_;
    std::vector<Pooled> pool_;
    std::set<std::string> busy_;  ///< pods that are being attached or detached
    bool refilling_ = false;
    loop::Scope scope_;  ///< last: its tasks use all of the above
};

// ---- the start -------------------------------------------------------------------------------------------------------

Result<void> LinksImpl::observe_named(const std::string& file, const std::set<std::string>& ports) {
    const std::string path = host_->config.netns_dir + "/" + file;
    auto parsed = parse_netns_name(file);
    if (!parsed) {
        log::warning(path + " is not a pod's network namespace: left alone");
        return ok();
    }
    auto netns = open_namespace(path);
    if (!netns) return unname_namespace(path);
    Known known{{parsed->pod, parsed->ip, path}, std::nullopt, ports.count(veth_name(parsed->ip)) > 0};
    if (allocator_.reserve(parsed->ip)) known.lease.emplace(allocator_, loop_.clock(), parsed->ip);
    else if (host_->config.pod_cidr.contains(parsed->ip)) return unname_namespace(path);  // a second name for it
    known_.insert_or_assign(parsed->pod, std::move(known));
    return ok();
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
    for (const std::string& file : files) TRY_VOID(observe_named(file, ports));
    return ok();
}

// ---- the pool --------------------------------------------------------------------------------------------------------

Result<Lease> LinksImpl::lease() {
    const std::optional<Ipv4> ip = allocator_.allocate(loop_.now_ms());
    if (!ip)
        return Error(Code::unavailable, "no free pod address left in " + host_->config.pod_cidr.text() + " (" +
                                            std::to_string(allocator_.capacity()) + " in use)");
    return Lease(allocator_, loop_.clock(), *ip);
}

loop::Task<Result<Pooled>> LinksImpl::make_place() {
    CO_CHECK(Lease taken, lease());
    auto task = loop::run_on(executor_, loop_, [host = host_, ip = taken.ip()] { return make_connected(*host, ip); });
    CO_TRY(UniqueFd netns, std::move(task));
    co_return Pooled{std::move(taken), std::move(netns)};
}

loop::Task<void> LinksImpl::refill() {
    auto pause = loop_.sleep_for(pool_refill_delay_ms);
    co_await pause;
    while (pool_.size() < static_cast<size_t>(host_->config.pool_size)) {
        auto task = make_place();
        auto place = co_await std::move(task);
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
/// One pod, one change at a time.
class Busy {
  public:
    Busy(std::set<std::string>& all, std::string pod) : all_(all), pod_(std::move(pod)) { all_.insert(pod_); }
    Busy(const Busy&) = delete;
    ~Busy() { all_.erase(pod_); }

  private:
    std::set<std::string>& all_;
    std::string pod_;
};

Error already_busy(const std::string& pod) {
    return Error(Code::conflict, "the network of pod " + pod + " is being changed already");
}
}  // namespace

Result<PodLink> LinksImpl::name_link(const std::string& pod, Pooled place) {
    PodLink link{pod, place.lease.ip(), host_->config.netns_dir + "/" + netns_name(pod, place.lease.ip())};
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
    if (busy_.count(pod)) co_return already_busy(pod);
    const Busy busy(busy_, pod);
    if (known_.count(pod)) {
        auto again = reconnect(pod);
        co_return co_await std::move(again);
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

loop::Task<Result<PodLink>> LinksImpl::attach_namespace(std::string pod, UniqueFd netns) {
    CO_CHECK_VOID(check_pod_name(pod));
    if (busy_.count(pod)) co_return already_busy(pod);
    const Busy busy(busy_, pod);
    if (known_.count(pod)) {
        auto again = reconnect(pod);
        co_return co_await std::move(again);
    }
    CO_CHECK(Lease taken, lease());
    UniqueFd kept(::fcntl(netns.get(), F_DUPFD_CLOEXEC, 3));
    if (!kept) co_return Error::from_errno("keep the pod's network namespace", errno);
    auto shared = std::make_shared<UniqueFd>(std::move(netns));
    auto task = loop::run_on(executor_, loop_, [host = host_, shared, ip = taken.ip()] {
        return connect_existing(*host, std::move(*shared), ip);
    });
    CO_TRY_VOID(std::move(task));
    co_return name_link(pod, Pooled{std::move(taken), std::move(kept)});
}

loop::Task<Result<void>> LinksImpl::detach(std::string pod) {
    const auto found = known_.find(pod);
    if (found == known_.end()) co_return ok();
    if (busy_.count(pod)) co_return already_busy(pod);
    const Busy busy(busy_, pod);
    auto task = loop::run_on(executor_, loop_, [host = host_, link = found->second.link] {
        return disconnect(*host, link);
    });
    CO_TRY_VOID(std::move(task));
    known_.erase(pod);
    co_return ok();
}

loop::Task<Result<void>> LinksImpl::remove_strays() {
    std::set<std::string> ours;
    for (const auto& [pod, known] : known_) ours.insert(veth_name(known.link.ip));
    // The pool's are made behind our back on the executor, where this runs too: read its addresses when it is our turn.
    auto task = loop::run_on(executor_, loop_, [host = host_] { return read_links(host->socket); });
    CO_TRY(const std::vector<LinkInfo> links, std::move(task));
    for (const LinkInfo& link : links) {
        const std::optional<Ipv4> ip = parse_veth_name(link.name);
        if (!ip || link.master != host_->bridge || ours.count(link.name)) continue;
        // An address that is leased is the pool's or of an attach under way.
        if (!allocator_.reserve(*ip) && host_->config.pod_cidr.contains(*ip)) continue;
        const Lease held(allocator_, loop_.clock(), *ip);
        auto removal = loop::run_on(executor_, loop_, [host = host_, name = link.name] {
            return remove_link(host->socket, name);
        });
        CO_TRY_VOID(std::move(removal));
    }
    co_return ok();
}

loop::Task<Result<void>> LinksImpl::keep_only(std::vector<std::string> pods) {
    const std::set<std::string> wanted(pods.begin(), pods.end());
    std::vector<std::string> gone;
    for (const auto& [pod, known] : known_)
        if (!wanted.count(pod)) gone.push_back(pod);
    for (const std::string& pod : gone) CO_TRY_VOID(detach(pod));
    CO_TRY_VOID(remove_strays());
    co_return ok();
}

// ---- open ------------------------------------------------------------------------------------------------------------

namespace {
Result<void> check_config(const LinksConfig& config) {
    if (config.bridge.empty() || config.bridge.size() > 15)
        return Error(Code::invalid, "bridge \"" + config.bridge + "\": a device name has 1 to 15 characters");
    if (config.pod_cidr.prefix < 16 || config.pod_cidr.prefix > 29)
        return Error(Code::invalid, "pod-cidr " + config.pod_cidr.text() + ": the prefix must be from 16 to 29");
    if (config.pod_cidr.overlaps(config.service_cidr))
        return Error(Code::invalid, "pod-cidr " + config.pod_cidr.text() + " and service-cidr " +
                                        config.service_cidr.text() + " overlap: choose others");
    return ok();
}

Result<void> make_directory(const std::string& path) {
    for (size_t slash = path.find('/', 1);; slash = path.find('/', slash + 1)) {
        const std::string part = path.substr(0, slash);
        if (::mkdir(part.c_str(), slash == std::string::npos ? 0700 : 0755) != 0 && errno != EEXIST)
            return Error::from_errno("create " + part, errno);
        if (slash == std::string::npos) return ok();
    }
}

/// Refuses ranges that another device's network has; takes old addresses off our bridge.
Result<void> settle_addresses(Host& host) {
    TRY(const std::vector<LinkInfo> links, read_links(host.socket));
    TRY(const std::vector<AddressInfo> addresses, read_addresses(host.socket));
    const LinksConfig& config = host.config;
    for (const AddressInfo& address : addresses) {
        if (address.link == host.bridge) {
            if (address.ip == host.gateway && address.prefix == config.pod_cidr.prefix) continue;
            TRY_VOID(remove_address(host.socket, address));
            continue;
        }
        const Cidr mask{{}, address.prefix};
        const Cidr network{Ipv4{address.ip.value & mask.mask()}, address.prefix};
        for (const Cidr& ours : {config.pod_cidr, config.service_cidr}) {
            if (!ours.overlaps(network)) continue;
            std::string device = "a device";
            for (const LinkInfo& link : links)
                if (link.index == address.link) device = link.name;
            return Error(Code::invalid, ours.text() + " overlaps the network of " + device + " (" +
                                            address.ip.text() + "/" + std::to_string(address.prefix) +
                                            "): choose other --pod-cidr and --service-cidr");
        }
    }
    return ok();
}

Result<void> apply_node_sysctls(const std::string& bridge) {
    TRY_VOID(write_sysctl("net/ipv4/ip_forward", "1"));
    const std::string conf = "net/ipv4/conf/" + bridge;
    // 127.0.0.1:NodePort leads to a pod; the rules drop what others send to loopback addresses.
    TRY_VOID(write_sysctl(conf + "/route_localnet", "1"));
    // Pods talk to each other through us on one device: "go there directly" would be wrong. The value for `all` is ORed
    // with each device's own, so other devices keep theirs.
    TRY_VOID(write_sysctl(conf + "/send_redirects", "0"));
    TRY_VOID(write_sysctl("net/ipv4/conf/all/send_redirects", "0"));
    (void)write_sysctl("net/ipv6/conf/" + bridge + "/disable_ipv6", "1");
    return ok();
}

Result<void> open_bridge(Host& host) {
    TRY(const int default_mtu, read_default_mtu(host.socket));
    host.mtu = host.config.mtu > 0 ? host.config.mtu : default_mtu;
    host.bridge = find_link(host.socket, host.config.bridge).value_or(0);
    TRY_VOID(settle_addresses(host));
    TRY_VOID(apply_bridge(host.socket, host.config.bridge, host.gateway, host.mtu));
    TRY(host.bridge, find_link(host.socket, host.config.bridge));
    TRY_VOID(apply_node_sysctls(host.config.bridge));
    return apply_bridge_addresses(host.socket, host.bridge, host.gateway, host.config.pod_cidr,
                                  host.config.service_cidr);
}
}  // namespace

Result<std::unique_ptr<Links>> Links::open(loop::Loop& loop, loop::Executor& executor, LinksConfig config) {
    TRY_VOID(check_config(config));
    TRY_VOID(make_directory(config.netns_dir));
    TRY(NetlinkSocket socket, NetlinkSocket::open(NETLINK_ROUTE));
    const Ipv4 gateway = config.pod_cidr.at(1);
    auto host = std::make_shared<Host>(Host{std::move(config), gateway, 0, 0, std::move(socket)});
    auto opened = open_bridge(*host);
    if (!opened) return std::move(opened).error().with_context("pod network on " + host->config.bridge);
    auto links = std::make_unique<LinksImpl>(loop, executor, std::move(host));
    TRY_VOID(links->observe());
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
        if (bridge != 0 && link.master == bridge && parse_veth_name(link.name))
            TRY_VOID(remove_link(socket, link.name));
    if (bridge != 0) TRY_VOID(remove_link(socket, config.bridge));
    DIR* dir = ::opendir(config.netns_dir.c_str());
    if (!dir) return ok();
    std::vector<std::string> files;
    while (const dirent* entry = ::readdir(dir))
        if (parse_netns_name(entry->d_name)) files.emplace_back(entry->d_name);
    ::closedir(dir);
    for (const std::string& file : files) TRY_VOID(unname_namespace(config.netns_dir + "/" + file));
    return ok();
}

}  // namespace orilla::network

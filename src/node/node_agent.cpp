#include "orilla/node/node_agent.hpp"

#include <sys/utsname.h>
#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>
#include <fstream>
#include <optional>
#include <sstream>

#include "orilla/base/log.hpp"
#include "orilla/base/machine.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/loop/timeout.hpp"

namespace orilla::node {
namespace {

/// The kubelet renews every 10 s; nobody on a box of one takes pods away from a silent node, and each wake costs power.
constexpr int64_t lease_renew_ms = 60'000;
constexpr const char* lease_namespace = "kube-node-lease";
/// Four renewals, as the kubelet's: a late one does not let it expire.
constexpr int32_t lease_duration_s = 4 * lease_renew_ms / 1000;
/// How often a condition that stays says that it does.
constexpr int64_t heartbeat_s = 300;
/// The kubelet looks every 10 s; whoever is short is looked at as often, so that it may soon go on.
constexpr int64_t pressure_look_ms = 30'000;
constexpr int64_t pressure_look_again_ms = 10'000;
/// Kept free for the box itself, so that pods cannot starve it.
constexpr int64_t system_reserved_memory_bytes = 32LL << 20;

std::string read_line(const char* path) {
    std::ifstream in(path);
    std::string line;
    std::getline(in, line);
    return line;
}

int64_t read_memory_bytes() {
    std::ifstream in("/proc/meminfo");
    std::string name;
    int64_t kib = 0;
    while (in >> name >> kib) {
        if (name == "MemTotal:") return kib * 1024;
        in.ignore(256, '\n');
    }
    return 0;
}

std::string read_os_image() {
    std::ifstream in("/etc/os-release");
    for (std::string line; std::getline(in, line);)
        if (line.rfind("PRETTY_NAME=", 0) == 0) {
            std::string value = line.substr(12);
            if (value.size() >= 2 && value.front() == '"') value = value.substr(1, value.size() - 2);
            return value;
        }
    return "Linux";
}

void set_node_condition(api::NodeStatus& status, std::string_view type, bool value, std::string_view reason,
                        std::string_view message, int64_t now_s) {
    api::NodeCondition* found = nullptr;
    for (auto& condition : status.conditions)
        if (condition.type == type) found = &condition;
    if (!found) found = &status.conditions.emplace_back();
    const api::Str text = value ? "True" : "False";
    const bool changed = found->status != text;
    const int64_t silent_s = now_s - found->last_heartbeat_time.unix_s;
    if (changed) found->last_transition_time = api::Time(now_s);
    // A clock that was set back must not silence the heart for as long.
    if (changed || silent_s >= heartbeat_s || silent_s < 0) found->last_heartbeat_time = api::Time(now_s);
    found->type = type;
    found->status = text;
    found->reason = reason;
    found->message = message;
}

/// As the node lifecycle controller does it: a taint as long as its condition is true.
void set_pressure_taint(api::Node& node, std::string_view key, bool wanted, int64_t now_s) {
    const auto is_it = [key](const api::Taint& taint) { return taint.key == key && taint.effect == "NoSchedule"; };
    auto& taints = node.spec.taints;
    const auto found = std::find_if(taints.begin(), taints.end(), is_it);
    if (!wanted && found != taints.end()) taints.erase(found);
    if (!wanted || found != taints.end()) return;
    api::Taint& taint = taints.emplace_back();
    taint.key = key;
    taint.effect = "NoSchedule";
    taint.time_added = api::Time(now_s);
}

struct PressureWords {
    bool Pressure::*member;
    const char* what;
    const char* condition;
    const char* reason;
    const char* message;
    const char* calm_reason;
    const char* calm_message;
    std::string_view taint;
};
constexpr PressureWords pressure_words[] = {
    {&Pressure::memory, "memory", "MemoryPressure", "KubeletHasInsufficientMemory", "kubelet has insufficient memory available",
     "KubeletHasSufficientMemory", "kubelet has sufficient memory available", api::memory_pressure_taint},
    {&Pressure::disk, "disk", "DiskPressure", "KubeletHasDiskPressure", "kubelet has disk pressure", "KubeletHasNoDiskPressure",
     "kubelet has no disk pressure", api::disk_pressure_taint},
    {&Pressure::pids, "process ids", "PIDPressure", "KubeletHasInsufficientPID", "kubelet has insufficient PID available",
     "KubeletHasSufficientPID", "kubelet has sufficient PID available", api::pid_pressure_taint},
};

std::string describe_pressure(const Pressure& pressure) {
    std::string out;
    for (const auto& words : pressure_words)
        if (pressure.*words.member) out += (out.empty() ? "" : ", ") + std::string(words.what);
    return out.empty() ? "the node has enough of everything again"
                       : fmt::format("the node is short of {}: it takes no new pods", out);
}

}  // namespace

std::string plan_node_name(const std::string& host_name, const std::vector<std::shared_ptr<const api::Node>>& nodes) {
    const api::Node* own = nullptr;
    for (const auto& node : nodes) {
        if (!node->metadata.labels.contains(api::control_plane_label)) continue;
        if (own || node->metadata.name == host_name) return host_name;
        own = node.get();
    }
    return own ? own->metadata.name.str() : host_name;
}

std::string keep_node_name(objects::Objects& objects, const std::string& host_name) {
    std::string name = plan_node_name(host_name, objects.list<api::Node>());
    if (name != host_name)
        log::info(
            fmt::format("the host is called {} now, the node goes on as {}: --node-name would rename it", host_name, name));
    return name;
}

NodeFacts observe_node(std::string name, std::string ip, std::string pod_cidr) {
    NodeFacts facts;
    facts.name = std::move(name);
    facts.ip = std::move(ip);
    facts.pod_cidr = std::move(pod_cidr);
    facts.cpu_milli = sysconf(_SC_NPROCESSORS_ONLN) * 1000;
    facts.memory_bytes = read_memory_bytes();
    facts.machine_id = read_line("/etc/machine-id");
    facts.boot_id = read_line("/proc/sys/kernel/random/boot_id");
    utsname names{};
    uname(&names);
    facts.kernel_version = names.release;
    facts.architecture = machine_architecture;
    facts.os_image = read_os_image();
    facts.version = "v1.33.0+orilla-" ORILLA_VERSION;
    return facts;
}

api::Node plan_node(const NodeFacts& facts, const Pressure& pressure, const api::Node* present, int64_t now_s) {
    api::Node node = present ? *present : api::Node();
    node.metadata.name = facts.name;
    auto& labels = node.metadata.labels;
    labels[api::hostname_label] = facts.name;
    for (const auto key : {api::architecture_label, api::old_architecture_label}) labels[key] = facts.architecture;
    for (const auto key : {api::operating_system_label, api::old_operating_system_label}) labels[key] = "linux";
    labels[api::control_plane_label] = "";
    node.spec.pod_cidr = facts.pod_cidr;
    if (node.spec.pod_cidrs.empty() && !facts.pod_cidr.empty()) node.spec.pod_cidrs.push_back(facts.pod_cidr);
    api::NodeStatus& status = node.status;
    const auto amount = [](std::string text) { return api::Quantity::parse(text).value_or(api::Quantity()); };
    for (auto* map : {&status.capacity, &status.allocatable}) {
        const int64_t reserved = map == &status.allocatable ? system_reserved_memory_bytes : 0;
        (*map)["cpu"] = api::Quantity::from_milli(facts.cpu_milli);
        (*map)["memory"] = amount(fmt::format("{}Ki", (facts.memory_bytes - reserved) / 1024));
        (*map)["ephemeral-storage"] = amount(fmt::format("{}Ki", facts.storage_bytes / 1024));
        (*map)["pods"] = amount(std::to_string(facts.pods_max));
    }
    for (const auto& words : pressure_words) {
        const bool is_short = pressure.*words.member;
        set_node_condition(status, words.condition, is_short, is_short ? words.reason : words.calm_reason,
                           is_short ? words.message : words.calm_message, now_s);
        set_pressure_taint(node, words.taint, is_short, now_s);
    }
    set_node_condition(status, "Ready", true, "KubeletReady", "kubelet is posting ready status", now_s);
    status.addresses.clear();
    auto& internal = status.addresses.emplace_back();
    internal.type = "InternalIP";
    internal.address = facts.ip;
    auto& hostname = status.addresses.emplace_back();
    hostname.type = "Hostname";
    hostname.address = facts.name;
    auto& info = status.node_info;
    info.machine_id = facts.machine_id;
    info.system_uuid = facts.machine_id;
    info.boot_id = facts.boot_id;
    info.kernel_version = facts.kernel_version;
    info.os_image = facts.os_image;
    info.container_runtime_version = "orilla://" ORILLA_VERSION;
    info.kubelet_version = facts.version;
    info.operating_system = "linux";
    info.architecture = facts.architecture;
    return node;
}

api::Lease plan_lease(const NodeFacts& facts, const api::Node* node, const api::Lease* present, int64_t now_us) {
    api::Lease lease = present ? *present : api::Lease();
    lease.metadata.name = facts.name;
    lease.metadata.namespace_ = lease_namespace;
    if (node) {
        lease.metadata.owner_references.clear();
        auto& owner = lease.metadata.owner_references.emplace_back();
        owner.api_version = "v1";
        owner.kind = "Node";
        owner.name = node->metadata.name;
        owner.uid = node->metadata.uid;
    }
    auto& spec = lease.spec;
    spec.holder_identity = facts.name;
    spec.lease_duration_seconds = lease_duration_s;
    spec.renew_time = api::MicroTime(now_us);
    return lease;
}

NodeAgent::NodeAgent(loop::Loop& loop, objects::Objects& objects, NodeFacts facts, LookFn look)
    : loop_(loop),
      objects_(objects),
      facts_(std::move(facts)),
      wake_(loop),
      renew_timer_(loop),
      look_(std::move(look)),
      nodes_(objects, api::kind_of<api::Node>(), [this](const objects::FeedEvent& event) { something_gone(event); }),
      namespaces_(objects, api::kind_of<api::Namespace>(), [this](const objects::FeedEvent& event) { something_gone(event); }),
      scope_(loop) {}

void NodeAgent::wake() {
    due_ = true;
    wake_.notify_all();
}

/// The Node, or the namespace of its Lease, which comes back empty.
void NodeAgent::something_gone(const objects::FeedEvent& event) {
    using Type = objects::FeedEvent::Type;
    const auto& key = event.entry->key;
    const bool node_gone = event.type == Type::deleted && key.resource == "nodes" && key.name == facts_.name;
    const bool namespace_back = event.type == Type::added && key.resource == "namespaces" && key.name == lease_namespace;
    if (node_gone || namespace_back) wake();
}

loop::Task<Result<void>> NodeAgent::start() {
    AWAIT_VOID(look());
    AWAIT(auto registered, register_node());
    nodes_.start();
    namespaces_.start();
    scope_.spawn(keep_alive());  // also when that failed: it tries again
    if (look_) scope_.spawn(watch_pressure());
    co_return registered;
}

loop::Task<void> NodeAgent::look() {
    if (!look_) co_return;
    AWAIT(const PressureFacts seen, look_());
    const Pressure now = plan_pressure(seen, pressure_);
    const int64_t bytes = seen.node_disk.bytes ? seen.node_disk.bytes : facts_.storage_bytes;
    if (now == pressure_ && bytes == facts_.storage_bytes) co_return;
    if (!(now == pressure_)) log::info(describe_pressure(now));
    pressure_ = now;
    facts_.storage_bytes = bytes;
    wake();
}

/// By itself, because a look may wait for a disk that does not answer.
loop::Task<void> NodeAgent::watch_pressure() {
    for (;;) {
        co_await loop_.sleep_for(pressure_.any() ? pressure_look_again_ms : pressure_look_ms);
        AWAIT_VOID(look());
    }
}

loop::Task<void> NodeAgent::keep_alive() {
    for (;;) {
        due_ = false;
        AWAIT(auto registered, register_node());
        if (!registered) log::warning(registered.error().message());
        AWAIT(auto renewed, renew_lease());
        if (!renewed) log::warning(renewed.error().message());
        renew_timer_.arm_after(lease_renew_ms, [this] { wake(); });
        while (!due_) co_await wake_.wait();
    }
}

loop::Task<Result<void>> NodeAgent::register_node() {
    const auto present = objects_.get<api::Node>(facts_.name);
    api::Node wanted = plan_node(facts_, pressure_, present.get(), loop_.clock().wall_s());
    std::optional<Error> failed;
    if (!present) {
        api::Node fresh = wanted;
        AWAIT(auto created, objects_.create<api::Node>(std::move(fresh)));
        if (!created) co_return std::move(created).error().with_context("register node " + facts_.name);
    } else if (!(wanted.metadata == present->metadata) || !(wanted.spec == present->spec)) {
        api::Node changed = wanted;
        AWAIT(auto updated, objects_.update<api::Node>(std::move(changed)));
        // The status is kept in memory first; the taints go to the disk, which may be the one that is full.
        if (!updated) failed = std::move(updated).error().with_context("update node " + facts_.name);
    }
    std::function<Result<void>(api::Node&)> change = [status = wanted.status](api::Node& node) -> Result<void> {
        node.status = status;
        return ok();
    };
    AWAIT(auto written, objects_.modify_status<api::Node>("", facts_.name, std::move(change)));
    if (!written) co_return std::move(written).error().with_context("update node status");
    if (failed) co_return std::move(*failed);
    co_return ok();
}

loop::Task<Result<void>> NodeAgent::renew_lease() {
    const auto node = objects_.get<api::Node>(facts_.name);
    const auto present = objects_.get<api::Lease>(lease_namespace, facts_.name);
    api::Lease lease = plan_lease(facts_, node.get(), present.get(), loop_.clock().wall_ns() / 1000);
    AWAIT(auto written,
          present ? objects_.update<api::Lease>(std::move(lease)) : objects_.create<api::Lease>(std::move(lease)));
    if (!written) co_return std::move(written).error().with_context("renew the node's lease");
    co_return ok();
}

}  // namespace orilla::node

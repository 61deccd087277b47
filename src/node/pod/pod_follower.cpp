#include "orilla/node/pod_follower.hpp"

#include "orilla/base/log.hpp"
#include "orilla/objects/walk.hpp"

namespace orilla::node {

PodFollower::PodFollower(loop::Loop& loop, objects::Objects& objects, PodPorts ports, PodAgent& agent, std::string node_name)
    : loop_(loop),
      objects_(objects),
      ports_(ports),
      agent_(agent),
      node_name_(std::move(node_name)),
      pods_(objects, api::kind_of<api::Pod>(), [this](const objects::FeedEvent& event) { pod_changed(event); }),
      config_maps_(objects, api::kind_of<api::ConfigMap>(), [this](const objects::FeedEvent& event) { source_changed(event); }),
      secrets_(objects, api::kind_of<api::Secret>(), [this](const objects::FeedEvent& event) { source_changed(event); }),
      scope_(loop) {}

void PodFollower::start() {
    scope_.spawn(collect_garbage());
    pods_.start();
    config_maps_.start();
    secrets_.start();
    is_started_ = true;
}

void PodFollower::pod_changed(const objects::FeedEvent& event) {
    const auto* pod = event.as<api::Pod>();
    if (!pod || pod->spec.node_name != node_name_) return;
    agent_.pod_changed(event.entry->key.ns, event.entry->key.name, pod->metadata.uid.str());
}

void PodFollower::source_changed(const objects::FeedEvent& event) {
    // Those that are there when it starts are read when their pods are taken up.
    if (event.type == store::WatchEvent::Type::added && !is_started_) return;
    agent_.source_changed(event.entry->key.ns, event.entry->key.name);
}

loop::Task<std::vector<std::string>> PodFollower::own_pods() {
    std::vector<std::string> uids;
    std::function<void(const api::Pod&)> look = [this, &uids](const api::Pod& pod) {
        if (pod.spec.node_name == node_name_) uids.push_back(pod.metadata.uid.str());
    };
    AWAIT_VOID(objects::walk<api::Pod>(loop_, objects_, std::move(look)));
    co_return uids;
}

/// Runs beside everything else: a daemon that was killed under load leaves a lot, and neither the API nor the pods that are to
/// run wait for its end.
loop::Task<void> PodFollower::collect_garbage() {
    AWAIT(auto pods, own_pods());
    AWAIT(const auto of_runtime, ports_.runtime.collect_garbage(std::move(pods)));
    if (!of_runtime) log::warning("collect what is left of old pods: " + of_runtime.error().message());
    // Those of now: others have come meanwhile.
    AWAIT(pods, own_pods());
    AWAIT(const auto of_network, ports_.links.keep_only(std::move(pods)));
    if (!of_network) log::warning("collect the networks of old pods: " + of_network.error().message());
}

}  // namespace orilla::node

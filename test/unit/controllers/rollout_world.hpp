// Deployments on a fake node: pods become Running and Ready, and end, when the test says so.
#pragma once

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "controller_world.hpp"
#include "orilla/objects/feed.hpp"

namespace orilla::test {

inline api::Deployment deployment_with(std::string_view name, int32_t replicas, std::string_view image = "web:1") {
    api::Deployment out;
    out.metadata.name = api::Str(name);
    out.metadata.namespace_ = "default";
    out.spec.replicas = replicas;
    out.spec.selector.ensure().match_labels["app"] = api::Str(name);
    out.spec.template_.metadata.labels["app"] = api::Str(name);
    api::Container container;
    container.name = "main";
    container.image = api::Str(image);
    out.spec.template_.spec.containers.push_back(std::move(container));
    return out;
}

struct RolloutWorld : ControllerWorld {
    using Sets = std::vector<std::shared_ptr<const api::ReplicaSet>>;
    using Pods = std::vector<std::shared_ptr<const api::Pod>>;

    Pods pods() { return objects.list<api::Pod>("default"); }
    Sets sets() { return objects.list<api::ReplicaSet>("default"); }
    std::shared_ptr<const api::Deployment> web() { return get<api::Deployment>("web"); }
    std::shared_ptr<const api::ReplicaSet> set_of(std::string_view image) {
        for (const auto& set : sets())
            if (set->spec.template_.spec.containers[0].image == image) return set;
        return nullptr;
    }
    int32_t size_of(std::string_view image) { return set_of(image) ? set_of(image)->spec.replicas.value_or(-1) : -1; }
    std::string revision_of(const api::ObjectMeta& meta) {
        const auto* text = meta.annotations.get("deployment.kubernetes.io/revision");
        return text ? text->str() : "";
    }
    void set_image(std::string_view image) {
        if (!edit<api::Deployment>(
                "web", [image](api::Deployment& web) { web.spec.template_.spec.containers[0].image = api::Str(image); }))
            std::abort();
    }

    /// One thing that a node does with a pod; false when there is nothing to do.
    bool step_pod(const api::Pod& pod) {
        const std::string name = pod.metadata.name.str();
        if (pod.metadata.deletion_timestamp) {
            objects::DeleteOptions now;
            now.grace_period_seconds = 0;
            return remove<api::Pod>(name, now).has_value();
        }
        if (pod.spec.node_name.empty()) {
            const bool bound = run(objects.bind("default", name, "node")).has_value();
            return settle(), bound;
        }
        if (pod.status.phase == "Running") return false;
        const int64_t now_s = clock.wall_s();
        return edit_status<api::Pod>(name,
                                     [now_s](api::Pod& started) {
                                         started.status.phase = "Running";
                                         set_ready(started, true, now_s);
                                     })
            .has_value();
    }
    /// The node does all it can.
    void run_node() {
        constexpr int rounds_max = 2000;
        for (int round = 0; round < rounds_max; ++round) {
            bool any = false;
            for (const auto& pod : pods()) any |= step_pod(*pod);
            if (!any) return;
        }
    }
    void roll_out(const api::Deployment& deployment) {
        if (!create(deployment)) std::abort();
        run_node();
    }
    const api::DeploymentCondition* condition(std::string_view type) {
        kept_ = web();
        for (const auto& one : kept_->status.conditions)
            if (one.type == type) return &one;
        return nullptr;
    }

  private:
    std::shared_ptr<const api::Deployment> kept_;
};

/// Sees every state that the pods pass through, and the worst of each.
class PodWatch {
  public:
    explicit PodWatch(RolloutWorld& world)
        : world_(world),
          follower_(world.objects, api::kind_of<api::Pod>(), [this](const store::WatchEvent& event) { look(event); }) {
        follower_.start();
        forget();
    }
    /// From here on.
    void forget() { active_max = active(), available_min = available(), images_max = images(); }

    int active_max = 0, available_min = 0, images_max = 0;

  private:
    struct Seen {
        bool active = false, available = false;
        std::string image;
    };
    void look(const store::WatchEvent& event) {
        const std::string& name = event.entry->key.name;
        if (event.type == store::WatchEvent::Type::deleted) {
            seen_.erase(name);
        } else {
            const auto pod = *world_.objects.decode(api::kind_of<api::Pod>(), event.entry);
            const auto& value = pod->as<api::Pod>();
            const bool active = !value.metadata.deletion_timestamp;
            const bool ready = !value.status.conditions.empty() &&
                               std::any_of(value.status.conditions.begin(), value.status.conditions.end(),
                                           [](const auto& one) { return one.type == "Ready" && one.status == "True"; });
            seen_[name] = {active, active && ready, value.spec.containers[0].image.str()};
        }
        active_max = std::max(active_max, active());
        available_min = std::min(available_min, available());
        images_max = std::max(images_max, images());
    }
    int active() const {
        return static_cast<int>(std::count_if(seen_.begin(), seen_.end(), [](const auto& pod) { return pod.second.active; }));
    }
    int available() const {
        return static_cast<int>(
            std::count_if(seen_.begin(), seen_.end(), [](const auto& pod) { return pod.second.available; }));
    }
    int images() const {
        std::set<std::string> images;
        for (const auto& [name, pod] : seen_) images.insert(pod.image);
        return static_cast<int>(images.size());
    }
    RolloutWorld& world_;
    std::map<std::string, Seen> seen_;
    objects::Follower follower_;
};

}  // namespace orilla::test

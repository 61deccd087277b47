#include "set_clients.hpp"

#include "clients.hpp"

namespace orilla::sim {

namespace {

constexpr int stateful_sets_per_namespace_max = 2;

class SetClient {
  public:
    SetClient(objects::Objects& objects, Random& random, std::string ns, api::PodSpec pods)
        : objects_(objects), random_(random), ns_(std::move(ns)), pods_(std::move(pods)) {}

    ClientRequest act_on_stateful_set() {
        const std::string name = "s" + std::to_string(number(stateful_sets_per_namespace_max));
        const auto found = objects_.get<api::StatefulSet>(ns_, name);
        if (!found) return {"create statefulset " + ns_ + "/" + name, request_create(objects_, api::Object(draw(name)))};
        if (chance(10)) return remove(api::kind_of<api::StatefulSet>(), name);
        return edit_stateful_set(name);
    }

    ClientRequest act_on_daemon_set() {
        const std::string name = "n0";
        const auto found = objects_.get<api::DaemonSet>(ns_, name);
        if (!found) return {"create daemonset " + ns_ + "/" + name, request_create(objects_, api::Object(draw_daemons(name)))};
        if (chance(10)) return remove(api::kind_of<api::DaemonSet>(), name);
        return edit_daemon_set(name);
    }

  private:
    bool chance(int percent) { return static_cast<int>(random_.below(100)) < percent; }
    int number(int below) { return static_cast<int>(random_.below(static_cast<uint64_t>(below))); }

    ClientRequest remove(const api::KindInfo& kind, const std::string& name) {
        constexpr objects::Propagation ways[] = {objects::Propagation::unset, objects::Propagation::foreground,
                                                 objects::Propagation::orphan};
        objects::DeleteOptions options;
        options.propagation = ways[number(3)];
        return {"delete " + std::string(kind.resource) + " " + ns_ + "/" + name,
                request_delete(objects_, kind, ns_, name, std::move(options))};
    }

    api::StatefulSetUpdateStrategy draw_strategy() {
        api::StatefulSetUpdateStrategy out;
        out.type = chance(20) ? "OnDelete" : "RollingUpdate";
        if (out.type == "OnDelete") return out;
        auto& rolling = out.rolling_update.ensure();
        rolling.partition = chance(30) ? number(4) : 0;
        if (chance(30)) rolling.max_unavailable = api::IntOrString(1 + number(3));
        return out;
    }

    api::StatefulSet draw(const std::string& name) {
        api::StatefulSet out;
        out.metadata.name = name;
        out.metadata.namespace_ = ns_;
        out.spec.replicas = number(4);
        out.spec.service_name = name;
        out.spec.selector.ensure().match_labels["app"] = name;
        out.spec.template_.metadata.labels["app"] = name;
        out.spec.template_.spec = pods_;
        if (chance(30)) out.spec.pod_management_policy = "Parallel";
        if (chance(20)) out.spec.ordinals.ensure().start = number(3);
        if (chance(20)) out.spec.min_ready_seconds = number(8);
        if (chance(30)) out.spec.revision_history_limit = number(3);
        out.spec.update_strategy = draw_strategy();
        return out;
    }

    ClientRequest edit_stateful_set(const std::string& name) {
        std::string what = "set image";
        std::function<void(api::StatefulSet&)> edit = [image = pods_.containers[0].image](api::StatefulSet& one) {
            one.spec.template_.spec.containers[0].image = image;
        };
        switch (number(6)) {
            case 0:
            case 1: what = "scale", edit = [n = number(5)](api::StatefulSet& one) { one.spec.replicas = n; }; break;
            case 2:
                what = "set strategy",
                edit = [strategy = draw_strategy()](api::StatefulSet& one) { one.spec.update_strategy = strategy; };
                break;
            case 3:
                what = "set start", edit = [n = number(3)](api::StatefulSet& one) { one.spec.ordinals.ensure().start = n; };
                break;
            default: break;
        }
        return {what + " statefulset " + ns_ + "/" + name,
                request_edit<api::StatefulSet>(objects_, ns_, name, std::move(edit))};
    }

    api::DaemonSetUpdateStrategy draw_daemon_strategy() {
        api::DaemonSetUpdateStrategy out;
        out.type = chance(20) ? "OnDelete" : "RollingUpdate";
        if (out.type == "OnDelete") return out;
        const bool surges = chance(40);
        out.rolling_update.ensure().max_surge = api::IntOrString(surges ? 1 : 0);
        out.rolling_update->max_unavailable = api::IntOrString(surges ? 0 : 1);
        return out;
    }

    api::DaemonSet draw_daemons(const std::string& name) {
        api::DaemonSet out;
        out.metadata.name = name;
        out.metadata.namespace_ = ns_;
        out.spec.selector.ensure().match_labels["app"] = name;
        out.spec.template_.metadata.labels["app"] = name;
        out.spec.template_.spec = pods_;
        if (chance(20)) out.spec.min_ready_seconds = number(8);
        if (chance(30)) out.spec.revision_history_limit = number(3);
        out.spec.update_strategy = draw_daemon_strategy();
        return out;
    }

    ClientRequest edit_daemon_set(const std::string& name) {
        std::string what = "set image";
        std::function<void(api::DaemonSet&)> edit = [image = pods_.containers[0].image](api::DaemonSet& one) {
            one.spec.template_.spec.containers[0].image = image;
        };
        if (chance(30)) {
            what = "set strategy";
            edit = [strategy = draw_daemon_strategy()](api::DaemonSet& one) { one.spec.update_strategy = strategy; };
        } else if (chance(30)) {
            what = "set node selector";
            edit = [elsewhere = chance(50)](api::DaemonSet& one) {
                one.spec.template_.spec.node_selector.clear();
                if (elsewhere) one.spec.template_.spec.node_selector["disk"] = "none";
            };
        }
        return {what + " daemonset " + ns_ + "/" + name, request_edit<api::DaemonSet>(objects_, ns_, name, std::move(edit))};
    }

    objects::Objects& objects_;
    Random& random_;
    const std::string ns_;
    const api::PodSpec pods_;
};

void mend_template(api::PodTemplateSpec& pod_template) {
    auto& container = pod_template.spec.containers[0];
    if (!is_good_image(container.image)) container.image = "web:1";
}

void mend_stateful_set(api::StatefulSet& set) {
    mend_template(set.spec.template_);
    if (set.spec.update_strategy.rolling_update) set.spec.update_strategy.rolling_update->partition = 0;
}

void mend_daemon_set(api::DaemonSet& set) { mend_template(set.spec.template_); }

/// One that nobody owns keeps a name that its StatefulSet wants; a broken one holds its update up until somebody deletes it.
bool only_goes_by_hand(const api::Pod& pod) {
    const bool of_daemons = pod.metadata.labels.contains("pod-template-generation");
    if (of_daemons) return !is_good_image(pod.spec.containers[0].image);
    if (!pod.metadata.labels.contains("statefulset.kubernetes.io/pod-name")) return false;
    return pod.metadata.owner_references.empty() || !is_good_image(pod.spec.containers[0].image);
}

}  // namespace

ClientRequest act_on_stateful_set(objects::Objects& objects, Random& random, const std::string& ns, api::PodSpec pods) {
    return SetClient(objects, random, ns, std::move(pods)).act_on_stateful_set();
}

ClientRequest act_on_daemon_set(objects::Objects& objects, Random& random, const std::string& ns, api::PodSpec pods) {
    return SetClient(objects, random, ns, std::move(pods)).act_on_daemon_set();
}

std::vector<ClientRequest> mend_sets(objects::Objects& objects) {
    std::vector<ClientRequest> out;
    for (const auto& set : objects.list<api::StatefulSet>()) {
        const std::string ns = set->metadata.namespace_.str(), name = set->metadata.name.str();
        out.push_back(
            {"mend statefulset " + ns + "/" + name, request_edit<api::StatefulSet>(objects, ns, name, mend_stateful_set)});
    }
    for (const auto& set : objects.list<api::DaemonSet>()) {
        const std::string ns = set->metadata.namespace_.str(), name = set->metadata.name.str();
        out.push_back({"mend daemonset " + ns + "/" + name, request_edit<api::DaemonSet>(objects, ns, name, mend_daemon_set)});
    }
    for (const auto& pod : objects.list<api::Pod>()) {
        const std::string ns = pod->metadata.namespace_.str(), name = pod->metadata.name.str();
        if (!only_goes_by_hand(*pod)) continue;
        out.push_back({"delete pod " + ns + "/" + name, request_delete(objects, api::kind_of<api::Pod>(), ns, name, {})});
    }
    return out;
}

}  // namespace orilla::sim

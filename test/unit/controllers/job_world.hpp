// Jobs, their pods, and a node that lets them end as the test says.
#pragma once

#include <catch2/catch.hpp>
#include <string>
#include <vector>

#include "controller_world.hpp"
#include "orilla/kinds/pod_facts.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::test {

inline api::Job job_with(std::string_view name, int32_t completions, int32_t parallelism) {
    api::Job job;
    job.metadata.name = api::Str(name);
    job.metadata.namespace_ = "default";
    job.spec.completions = completions;
    job.spec.parallelism = parallelism;
    job.spec.template_.spec = pod_with("x", "x").spec;
    job.spec.template_.spec.restart_policy = "Never";
    return job;
}

struct JobWorld : ControllerWorld {
    using PodPtr = std::shared_ptr<const api::Pod>;

    std::vector<PodPtr> active() {
        std::vector<PodPtr> out;
        for (auto& pod : objects.list<api::Pod>("default"))
            if (api::is_active(*pod)) out.push_back(pod);
        return out;
    }
    static int32_t index_of(const api::Pod& pod) {
        const auto* text = pod.metadata.annotations.get(api::completion_index_label);
        return text ? std::stoi(text->str()) : -1;
    }
    PodPtr active_at(int32_t index) {
        for (auto& pod : active())
            if (index_of(*pod) == index) return pod;
        return nullptr;
    }
    void bind_all() {
        for (const auto& pod : active())
            if (pod->spec.node_name.empty()) REQUIRE(run(objects.bind("default", pod->metadata.name.str(), "box")));
    }
    void end(const std::string& name, int32_t exit_code) {
        const int64_t now_s = loop.clock().wall_s();
        const auto edit = [exit_code, now_s](api::Pod& pod) {
            pod.status.phase = exit_code == 0 ? "Succeeded" : "Failed";
            auto& status = pod.status.container_statuses.emplace_back();
            status.name = "main";
            auto& ended = status.state.terminated.ensure();
            ended.exit_code = exit_code;
            ended.finished_at = api::Time(now_s);
        };
        REQUIRE(edit_status<api::Pod>(name, edit));
        pass(50);
    }
    void end_all(int32_t exit_code) {
        for (const auto& pod : active()) end(pod->metadata.name.str(), exit_code);
    }
    api::JobStatus status(std::string_view name = "sum") { return get<api::Job>(name)->status; }
    bool is(std::string_view type, std::string_view name = "sum") {
        for (const auto& condition : status(name).conditions)
            if (condition.type == type && condition.status == "True") return true;
        return false;
    }
    std::string reason(std::string_view type) {
        for (const auto& condition : status().conditions)
            if (condition.type == type) return condition.reason.str();
        return "";
    }
    int tracked() {
        int count = 0;
        for (const auto& pod : objects.list<api::Pod>("default"))
            for (const auto& finalizer : pod->metadata.finalizers) count += finalizer == api::job_tracking_finalizer;
        return count;
    }
    int told(std::string_view why) {
        int count = 0;
        for (const auto& entry : store->list("events").entries) {
            auto event = objects.decode(api::kind_of<api::Event>(), entry);
            count += event && (*event)->as<api::Event>().reason == why;
        }
        return count;
    }
};

}  // namespace orilla::test

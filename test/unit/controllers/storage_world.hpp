// Controllers over a fake disk of volumes.
#pragma once

#include <optional>
#include <string_view>

#include "../../support/fake_volume_disk.hpp"
#include "controller_world.hpp"
#include "orilla/kinds/storage_facts.hpp"

namespace orilla::test {

struct Disk {
    FakeVolumes volumes;
    FakeVolumeDisk disk{volumes};
};

struct StorageWorld : Disk, ControllerWorld {
    StorageWorld() : ControllerWorld("10.43.0.0/16", &disk) {}

    void claim(const char* name, int64_t bytes = 1 << 20, std::optional<std::string_view> storage_class = {}) {
        api::PersistentVolumeClaim out;
        out.metadata.name = name;
        out.metadata.namespace_ = "default";
        out.spec.access_modes.push_back("ReadWriteOnce");
        out.spec.resources.requests["storage"] = api::Quantity::from_bytes(bytes);
        if (storage_class) out.spec.storage_class_name = *storage_class;
        REQUIRE(create(out));
    }
    void volume(const char* name, int64_t bytes = 1 << 20) {
        api::PersistentVolume out;
        out.metadata.name = name;
        out.spec.access_modes.push_back("ReadWriteOnce");
        out.spec.capacity["storage"] = api::Quantity::from_bytes(bytes);
        out.spec.host_path.ensure().path = "/srv";
        REQUIRE(create(out));
    }
    void user(const char* name, const char* claim) {
        api::Pod pod = pod_with(name, "web");
        api::Volume one;
        one.name = "data";
        one.persistent_volume_claim.ensure().claim_name = claim;
        pod.spec.volumes.push_back(one);
        pod.spec.node_name = "box";
        REQUIRE(create(pod));
    }
    void ephemeral_user(const char* name) {
        api::Pod pod = pod_with(name, "web");
        api::Volume one;
        one.name = "scratch";
        auto& from = one.ephemeral.ensure().volume_claim_template.ensure();
        from.metadata.labels["kind"] = "scratch";
        from.spec.access_modes.push_back("ReadWriteOnce");
        from.spec.resources.requests["storage"] = api::Quantity::from_bytes(1 << 20);
        pod.spec.volumes.push_back(one);
        REQUIRE(create(pod));
    }
    std::string phase_of(const char* name) { return get<api::PersistentVolumeClaim>(name)->status.phase.str(); }
    std::shared_ptr<const api::PersistentVolume> volume_of(const char* name) {
        return objects.get<api::PersistentVolume>(get<api::PersistentVolumeClaim>(name)->spec.volume_name);
    }
    bool was_told(std::string_view reason) {
        for (const auto& event : objects.list<api::Event>())
            if (event->reason == reason) return true;
        return false;
    }
};

}  // namespace orilla::test

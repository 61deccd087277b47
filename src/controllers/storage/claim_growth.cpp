#include "storage/claim_growth.hpp"

#include <fmt/core.h>

#include "orilla/kinds/storage_facts.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/objects/terms.hpp"
#include "orilla/schema/field_errors.hpp"
#include "owned.hpp"
#include "storage/volume_writes.hpp"

namespace orilla::controllers {

namespace {
constexpr std::string_view resizing = "Resizing", resize_error = "ControllerResizeError";

bool has_condition(const api::PersistentVolumeClaim& claim, std::string_view type) {
    for (const auto& condition : claim.status.conditions)
        if (condition.type == type) return true;
    return false;
}

void drop_condition(api::PersistentVolumeClaim& claim, std::string_view type) {
    auto& conditions = claim.status.conditions;
    for (size_t i = conditions.size(); i-- > 0;)
        if (conditions[i].type == type) conditions.erase(conditions.begin() + static_cast<std::ptrdiff_t>(i));
}

void add_condition(api::PersistentVolumeClaim& claim, std::string_view type, std::string_view message, int64_t now_s) {
    api::PersistentVolumeClaimCondition& added = claim.status.conditions.emplace_back();
    added.type = type;
    added.status = "True";
    added.message = message;
    added.last_transition_time = api::Time(now_s);
}

void note_allocation(api::PersistentVolumeClaim& claim, std::string_view status) {
    claim.status.allocated_resources["storage"] = *claim.spec.resources.requests.get("storage");
    claim.status.allocated_resource_statuses["storage"] = status;
}
}  // namespace

bool write_growth_begun(api::PersistentVolumeClaim& claim, int64_t now_s) {
    const api::Quantity* wanted = claim.spec.resources.requests.get("storage");
    const api::Quantity* noted = claim.status.allocated_resources.get("storage");
    // A further try of the same is no news: it would be a write each time.
    const bool is_known = noted && wanted && noted->compare(*wanted) == 0;
    if (is_known && (has_condition(claim, resizing) || has_condition(claim, resize_error))) return false;
    drop_condition(claim, resize_error);
    if (!has_condition(claim, resizing)) add_condition(claim, resizing, "", now_s);
    note_allocation(claim, "ControllerResizeInProgress");
    return true;
}

void write_growth_failure(api::PersistentVolumeClaim& claim, std::string_view message, int64_t now_s) {
    drop_condition(claim, resizing);
    note_allocation(claim, "ControllerResizeInfeasible");
    // Once: a message with a figure that changes would be a write, and a reason to look, with every try.
    if (!has_condition(claim, resize_error))
        add_condition(claim, resize_error, fmt::format("failed to expand pvc with {}", message), now_s);
}

void write_grown(api::PersistentVolumeClaim& claim, const api::Quantity& capacity) {
    claim.status.capacity["storage"] = capacity;
    if (claim.status.allocated_resources.contains("storage")) claim.status.allocated_resources["storage"] = capacity;
    claim.status.allocated_resource_statuses.erase("storage");
    drop_condition(claim, resizing);
    drop_condition(claim, resize_error);
}

loop::Task<Result<void>> ClaimGrowth::grow(ClaimPtr claim) {
    const auto volume = objects_.get<api::PersistentVolume>(claim->spec.volume_name);
    if (!volume || !volume->spec.csi) co_return ok();
    CO_TRY_VOID(begin(claim));
    AWAIT(auto grown, provisioner_.grow(volume->spec.csi->volume_handle.str(), api::requested_bytes(claim->spec)));
    if (!grown) CO_RETURN_AWAIT(fail(claim, std::move(grown).error()));
    CO_RETURN_AWAIT(finish(claim, volume, *grown));
}

loop::Task<Result<void>> ClaimGrowth::begin(ClaimPtr claim) {
    api::PersistentVolumeClaim wanted = *claim;
    if (!write_growth_begun(wanted, loop_.clock().wall_s())) co_return ok();
    events_.record(*claim, api::local_provisioner, "Normal", "Resizing",
                   fmt::format("External resizer is resizing volume {}", claim->spec.volume_name.view()));
    std::function<void(api::PersistentVolumeClaim&)> edit = [now_s = loop_.clock().wall_s()](auto& edited) {
        write_growth_begun(edited, now_s);
    };
    CO_RETURN_AWAIT(edit_status<api::PersistentVolumeClaim>(objects_, claim, std::move(edit)));
}

loop::Task<Result<void>> ClaimGrowth::fail(ClaimPtr claim, Error why) {
    const std::string name = claim->spec.volume_name.str();
    events_.record(*claim, api::local_provisioner, "Warning", "VolumeResizeFailed",
                   fmt::format("resize volume {} failed: {}", api::quote(name), why.message()));
    std::function<void(api::PersistentVolumeClaim&)> edit = [message = why.message(), now_s = loop_.clock().wall_s()](
                                                                auto& edited) { write_growth_failure(edited, message, now_s); };
    CO_TRY_VOID(edit_status<api::PersistentVolumeClaim>(objects_, claim, std::move(edit)));
    co_return std::move(why).with_context("resize volume " + name);
}

loop::Task<Result<void>> ClaimGrowth::finish(ClaimPtr claim, VolumePtr volume, int64_t bytes) {
    const api::Quantity capacity = api::Quantity::from_bytes(bytes);
    const auto edit = [capacity](api::PersistentVolume& edited) -> Result<void> {
        if (edited.spec.capacity["storage"].compare(capacity) < 0) edited.spec.capacity["storage"] = capacity;
        return ok();
    };
    CO_TRY_VOID(edit_volume(objects_, volume, edit, objects::Part::main));
    tell_done(*claim);
    std::function<void(api::PersistentVolumeClaim&)> tell = [capacity](auto& edited) { write_grown(edited, capacity); };
    CO_RETURN_AWAIT(edit_status<api::PersistentVolumeClaim>(objects_, claim, std::move(tell)));
}

/// The pods that have it see the room at once.
void ClaimGrowth::tell_done(const api::PersistentVolumeClaim& claim) {
    const std::string text =
        fmt::format("MountVolume.NodeExpandVolume succeeded for volume {} {}", api::quote(claim.spec.volume_name), node_name_);
    const auto users =
        objects_.feed<api::Pod>().find<api::Pod>(objects::using_claim(claim.metadata.namespace_, claim.metadata.name));
    bool is_used = false;
    for (const auto& pod : users) {
        if (pod->spec.node_name.empty()) continue;
        is_used = true;
        events_.record(*pod, api::local_provisioner, "Normal", "FileSystemResizeSuccessful", text);
    }
    if (is_used) events_.record(claim, api::local_provisioner, "Normal", "FileSystemResizeSuccessful", text);
    else events_.record(claim, api::local_provisioner, "Normal", "VolumeResizeSuccessful", "Resize volume succeeded");
}

}  // namespace orilla::controllers

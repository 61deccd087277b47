// StatefulSets.
#include <fmt/core.h>
#include <algorithm>
#include <set>

#include "claim_spec.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/names.hpp"
#include "pod_spec.hpp"
#include "pod_template.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void complete_stateful_set(StatefulSet& set) {
    StatefulSetUpdateStrategy& strategy = set.spec.update_strategy;
    complete_pod_spec(set.spec.template_.spec);
    for (auto& claim : set.spec.volume_claim_templates) complete_claim_spec(claim.spec);
    if (strategy.type.empty()) {
        strategy.type = "RollingUpdate";
        strategy.rolling_update.ensure();
    }
    if (strategy.rolling_update && strategy.type == "RollingUpdate" && !strategy.rolling_update->partition)
        strategy.rolling_update->partition = 0;
}

void check_update_strategy(const StatefulSetUpdateStrategy& strategy, const Path& path, FieldErrors& errors) {
    const Path rolling = path / "rollingUpdate";
    if (!strategy.rolling_update) return;
    if (strategy.type != "RollingUpdate")
        return errors.invalid_json(rolling, encode(*strategy.rolling_update),
                                   "only allowed for updateStrategy 'RollingUpdate'");
    const RollingUpdateStatefulSetStrategy& update = *strategy.rolling_update;
    if (update.partition) check_not_negative(*update.partition, rolling / "partition", errors);
    if (!update.max_unavailable) return;
    const Path unavailable = rolling / "maxUnavailable";
    check_share(*update.max_unavailable, true, unavailable, errors);
    if (is_nothing(*update.max_unavailable))
        errors.invalid_json(unavailable, share_json(*update.max_unavailable), "cannot be 0");
}

/// As its pods will be: the claims' volumes are there.
PodTemplateSpec with_claims(const StatefulSetSpec& spec) {
    PodTemplateSpec out = spec.template_;
    for (const auto& claim : spec.volume_claim_templates) {
        auto& volumes = out.spec.volumes;
        const auto same = [&claim](const Volume& volume) { return volume.name == claim.metadata.name; };
        volumes.erase(std::remove_if(volumes.begin(), volumes.end(), same), volumes.end());
        Volume volume;
        volume.name = claim.metadata.name;
        volume.empty_dir.ensure();
        volumes.push_back(std::move(volume));
    }
    return out;
}

void check_claim_templates(const List<PersistentVolumeClaim>& claims, const Path& path, FieldErrors& errors) {
    std::set<std::string_view> names;
    for (size_t i = 0; i < claims.size(); ++i) {
        const Path at = path[i];
        const Path meta = at / "metadata";
        const std::string_view name = claims[i].metadata.name;
        if (name.empty()) errors.required(meta / "name");
        else errors.complain(meta / "name", name, check_dns1123_label(name));
        if (!names.insert(name).second) errors.duplicate(meta / "name", name);
        check_claim_spec(claims[i].spec, at / "spec", errors);
    }
}

void check_stateful_set(const StatefulSet& set, FieldErrors& errors) {
    const StatefulSetSpec& spec = set.spec;
    const Path path("spec");
    if (spec.replicas) check_not_negative(*spec.replicas, path / "replicas", errors);
    check_not_negative(spec.min_ready_seconds, path / "minReadySeconds", errors);
    if (spec.revision_history_limit) check_not_negative(*spec.revision_history_limit, path / "revisionHistoryLimit", errors);
    const Path ordinals = path / "ordinals";
    if (spec.ordinals) check_not_negative(spec.ordinals->start, ordinals / "start", errors);
    check_update_strategy(spec.update_strategy, path / "updateStrategy", errors);
    check_selector(spec.selector, spec.template_.metadata.labels, "statefulset", errors);
    check_template(with_claims(spec), "StatefulSet", errors);
    check_claim_templates(spec.volume_claim_templates, path / "volumeClaimTemplates", errors);
}

void check_stateful_set_update(const StatefulSet& updated, const StatefulSet& old, FieldErrors& errors) {
    StatefulSetSpec rest = updated.spec;
    rest.replicas = old.spec.replicas;
    rest.template_ = old.spec.template_;
    rest.update_strategy = old.spec.update_strategy;
    rest.min_ready_seconds = old.spec.min_ready_seconds;
    rest.revision_history_limit = old.spec.revision_history_limit;
    rest.ordinals = old.spec.ordinals;
    rest.persistent_volume_claim_retention_policy = old.spec.persistent_volume_claim_retention_policy;
    if (!(rest == old.spec))
        errors.forbidden(Path("spec"),
                         "updates to statefulset spec for fields other than 'replicas', 'ordinals', 'template', "
                         "'updateStrategy', 'revisionHistoryLimit', 'persistentVolumeClaimRetentionPolicy' and "
                         "'minReadySeconds' are forbidden");
}

Row render_stateful_set(const StatefulSet& set, int64_t now) {
    return {set.metadata.name.view(), fmt::format("{}/{}", set.status.ready_replicas, set.spec.replicas.value_or(0)),
            render_age(set.metadata.creation_timestamp, now), container_names_text(set.spec.template_.spec),
            container_images_text(set.spec.template_.spec)};
}

}  // namespace

const KindRules stateful_set_rules = {
    .complete = completed<StatefulSet, complete_stateful_set>,
    .check = checked<StatefulSet, check_stateful_set>,
    .check_update = checked_update<StatefulSet, check_stateful_set_update>,
    .row = rendered<StatefulSet, render_stateful_set>,
};

}  // namespace orilla::api

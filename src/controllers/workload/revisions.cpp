#include "workload/revisions.hpp"

#include <algorithm>

#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/codec.hpp"

namespace orilla::controllers {

api::RawJson revision_data(const api::PodTemplateSpec& pod_template) {
    const std::string text = api::encode(pod_template);
    std::string out = R"({"spec":{"template":{"$patch":"replace")";
    if (text.size() > 2) out += ",";
    out.append(text, 1);
    out += "}}";
    return {api::Str(out)};
}

Result<api::PodTemplateSpec> template_of(const api::ControllerRevision& revision) {
    // Of the patched kinds each has it at the same place.
    TRY(auto patched, api::decode<api::ReplicaSet>(revision.data.text));
    return std::move(patched.spec.template_);
}

const api::ControllerRevision* find_revision(const std::vector<RevisionPtr>& revisions, const api::RawJson& data) {
    const api::ControllerRevision* found = nullptr;
    for (const auto& one : revisions)
        if (one->data == data && (!found || one->revision > found->revision)) found = one.get();
    return found;
}

const api::ControllerRevision* find_revision(const std::vector<RevisionPtr>& revisions, std::string_view name) {
    for (const auto& one : revisions)
        if (one->metadata.name == name) return one.get();
    return nullptr;
}

int64_t next_number(const std::vector<RevisionPtr>& revisions) {
    int64_t highest = 0;
    for (const auto& one : revisions) highest = std::max(highest, one->revision);
    return highest + 1;
}

std::vector<DeleteRevision> plan_old_revisions(const std::vector<RevisionPtr>& revisions, const std::set<std::string>& needed,
                                               int32_t limit) {
    std::vector<const api::ControllerRevision*> spare;
    for (const auto& one : revisions)
        if (!needed.contains(one->metadata.name.str()) && !one->metadata.deletion_timestamp) spare.push_back(one.get());
    std::ranges::sort(spare, {}, [](const auto* one) { return one->revision; });
    std::vector<DeleteRevision> out;
    for (size_t i = 0; i + static_cast<size_t>(std::max(limit, 0)) < spare.size(); ++i)
        out.push_back({spare[i]->metadata.name.str()});
    return out;
}

api::ControllerRevision make_revision(const api::ObjectMeta& owner, const api::OwnerReference& reference,
                                      const api::PodTemplateSpec& pod_template, std::string_view hash_label,
                                      const std::string& hash) {
    constexpr size_t name_bytes_max = 223;  // so that there is room for the hash
    api::ControllerRevision out;
    out.metadata.namespace_ = owner.namespace_;
    out.metadata.name = api::Str(std::string(owner.name.view().substr(0, name_bytes_max)) + "-" + hash);
    out.metadata.labels = pod_template.metadata.labels;
    out.metadata.labels[hash_label] = api::Str(hash);
    out.metadata.annotations = owner.annotations;
    out.metadata.annotations.erase(api::last_applied_annotation);
    out.metadata.owner_references.push_back(reference);
    out.data = revision_data(pod_template);
    return out;
}

}  // namespace orilla::controllers

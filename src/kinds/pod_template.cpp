#include "pod_template.hpp"

#include <fmt/core.h>
#include <array>

#include "orilla/kinds/selectors.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/names.hpp"
#include "pod_spec.hpp"

namespace orilla::api {

std::string labels_json(const Map<Str>& labels) {
    std::string json = "{";
    for (const auto& label : labels) {
        if (json.size() > 1) json += ',';
        append_json_string(json, label.key);
        json += ':';
        append_json_string(json, label.value);
    }
    return json += '}';
}

std::string selector_json(const Box<LabelSelector>& selector) { return selector ? encode(*selector) : "null"; }

void check_selector(const Box<LabelSelector>& selector, const Map<Str>& labels, std::string_view kind, FieldErrors& errors) {
    const Path spec("spec");
    const Path path = spec / "selector";
    if (!selector) return;  // required by the schema
    check_label_selector(*selector, path, errors);
    if (selector->match_labels.empty() && selector->match_expressions.empty())
        errors.invalid_json(path, selector_json(selector), "empty selector is invalid for " + std::string(kind));
    auto parsed = selector_of(*selector);
    if (!parsed) return errors.invalid_json(path, selector_json(selector), "invalid label selector");
    const Path pods = spec / "template";
    const Path meta = pods / "metadata";
    if (!parsed->matches_everything() && !parsed->matches(labels))
        errors.invalid_json(meta / "labels", labels_json(labels), "`selector` does not match template `labels`");
}

void check_selector_update(const Box<LabelSelector>& updated, const Box<LabelSelector>& old, FieldErrors& errors) {
    const Path path("spec");
    if (!(updated == old)) errors.invalid_json(path / "selector", selector_json(updated), "field is immutable");
}

void check_template_parts(const PodTemplateSpec& pods, const Path& path, FieldErrors& errors) {
    const Path meta = path / "metadata";
    check_labels(pods.metadata.labels, meta / "labels", errors);
    check_annotations(pods.metadata.annotations, meta / "annotations", errors);
    check_pod_spec(pods.spec, path / "spec", errors);
}

void check_template(const PodTemplateSpec& pods, std::string_view kind, FieldErrors& errors) {
    constexpr std::array<std::string_view, 1> always{"Always"};
    const Path spec("spec");
    const Path path = spec / "template";
    check_template_parts(pods, path, errors);
    const Path pod = path / "spec";
    if (pods.spec.restart_policy == "OnFailure" || pods.spec.restart_policy == "Never")
        errors.not_supported(pod / "restartPolicy", pods.spec.restart_policy, always);
    if (pods.spec.active_deadline_seconds)
        errors.forbidden(pod / "activeDeadlineSeconds", fmt::format("activeDeadlineSeconds in {} is not Supported", kind));
}

void check_share(const IntOrString& share, bool at_most_all, const Path& path, FieldErrors& errors) {
    if (!share.is_string) return check_not_negative(share.number, path, errors);
    Complaints complaints = check_percent(share.text);
    errors.complain(path, share.text, complaints);
    auto percent = share.resolve(100, true);
    if (complaints.empty() && at_most_all && (!percent || *percent > 100))  // more than a number can be is more than all
        errors.invalid(path, share.text, "must not be greater than 100%");
}

std::string share_json(const IntOrString& share) { return share.is_string ? quote(share.text) : std::to_string(share.number); }

bool is_nothing(const IntOrString& share) {
    auto value = share.resolve(100, true);
    return value && *value == 0;
}

}  // namespace orilla::api

// PodTemplates: what pods look like, kept for whoever makes them.
#include "checks.hpp"
#include "pod_spec.hpp"
#include "pod_template.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void complete_kept_template(PodTemplate& kept) { complete_pod_spec(kept.template_.spec); }

void check_kept_template(const PodTemplate& kept, FieldErrors& errors) {
    const Path path("template");
    check_template_parts(kept.template_, path, errors);
}

Row render_kept_template(const PodTemplate& kept, int64_t) {
    return {kept.metadata.name.view(), container_names_text(kept.template_.spec), container_images_text(kept.template_.spec),
            labels_text(kept.template_.metadata.labels)};
}

}  // namespace

const KindRules pod_template_rules = {
    .complete = completed<PodTemplate, complete_kept_template>,
    .check = checked<PodTemplate, check_kept_template>,
    .row = rendered<PodTemplate, render_kept_template>,
};

}  // namespace orilla::api

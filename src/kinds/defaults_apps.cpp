#include "defaults_by_kind.hpp"

namespace orilla::api {

void apply_conditional_defaults(Deployment& deployment) {
    DeploymentSpec& spec = deployment.spec;
    apply_conditional_defaults(spec.template_.spec);
    if (spec.strategy.type != "RollingUpdate") return;
    RollingUpdateDeployment& rolling = spec.strategy.rolling_update.ensure();
    if (!rolling.max_unavailable) rolling.max_unavailable = IntOrString(Str("25%"));
    if (!rolling.max_surge) rolling.max_surge = IntOrString(Str("25%"));
}

void apply_conditional_defaults(ReplicaSet& replica_set) {
    apply_conditional_defaults(replica_set.spec.template_.spec);
}

}  // namespace orilla::api

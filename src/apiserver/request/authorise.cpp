#include "request/authorise.hpp"

#include <algorithm>

namespace orilla::apiserver {

bool may_ask(const objects::Identity& who) { return std::ranges::find(who.groups, masters_group) != who.groups.end(); }

Result<void> authorise(const objects::Identity& who, const RequestInfo&) {
    if (may_ask(who)) return ok();
    return refusal_of(who);
}

Error refusal_of(const objects::Identity& who) {
    return Error(Code::forbidden, "forbidden: User \"" + who.user +
                                      "\" is not let in: only root, members of the group orilla and "
                                      "certificates for system:masters are");
}

}  // namespace orilla::apiserver

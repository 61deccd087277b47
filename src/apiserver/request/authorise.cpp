#include "request/authorise.hpp"

#include <fmt/core.h>
#include <algorithm>

namespace orilla::apiserver {

bool may_ask(const objects::Identity& who) { return std::ranges::find(who.groups, masters_group) != who.groups.end(); }

Result<void> authorise(const objects::Identity& who, const RequestInfo&) {
    if (may_ask(who)) return ok();
    return refusal_of(who);
}

Error refusal_of(const objects::Identity& who) {
    return Error(Code::forbidden, fmt::format("forbidden: User \"{}\" is not let in: only root, members of the group orilla "
                                              "and certificates for system:masters are",
                                              who.user));
}

}  // namespace orilla::apiserver

// Conditions as the Gateway API wants them: with the generation that they are about, and with the time of their last turn.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orilla/kinds/types.hpp"

namespace orilla::proxy {

struct Verdict {
    std::string_view type;
    bool is_so = false;
    std::string_view reason;
    std::string message;
};

/// `before` says since when; what stands there of other types is dropped.
api::List<api::Condition> render_conditions(const std::vector<Verdict>& verdicts, const api::List<api::Condition>& before,
                                            int64_t generation, int64_t now_s);

}  // namespace orilla::proxy

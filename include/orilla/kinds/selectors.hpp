// LabelSelector objects as selectors.
#pragma once

#include "orilla/kinds/types.hpp"
#include "orilla/schema/selectors.hpp"

namespace orilla::api {

/// An empty LabelSelector matches everything. Fails with invalid.
Result<Selector> selector_of(const LabelSelector& object);
/// An absent one matches nothing.
Result<Selector> selector_of(const Box<LabelSelector>& object);

}  // namespace orilla::api

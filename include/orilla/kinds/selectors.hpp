// LabelSelector objects as selectors.
#pragma once

#include "orilla/kinds/types.hpp"
#include "orilla/schema/selectors.hpp"

namespace orilla::api {

/// An empty LabelSelector matches everything. Fails with invalid.
Result<Selector> selector_of(const LabelSelector& object);
/// An absent one matches nothing.
Result<Selector> selector_of(const Box<LabelSelector>& object);

/// Whether these labels are selected; a bad or absent selector selects nothing, and neither does a Service's empty one.
bool selects(const Box<LabelSelector>& selector, const Map<Str>& labels);
bool selects(const Map<Str>& selector, const Map<Str>& labels);

}  // namespace orilla::api

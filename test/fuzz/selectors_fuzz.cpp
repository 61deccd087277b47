#include <cassert>

#include "orilla/kinds/kinds.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/schema/selectors.hpp"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::api;
    std::string_view text(reinterpret_cast<const char*>(data), size);
    const Map<Str> labels{{"app", "web"}, {"n", "5"}};
    if (auto selector = Selector::parse(text)) {
        auto again = Selector::parse(selector->to_string());
        assert(again && again->matches(labels) == selector->matches(labels));
    }
    Pod pod;
    pod.metadata.name = "web";
    auto fields = FieldSelector::parse(text, kind_of<Pod>().selectable, true);
    if (fields) (void)fields->matches(type_info<Pod>(), &pod);
    return 0;
}

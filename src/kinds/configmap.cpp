// ConfigMaps.
#include "data.hpp"
#include "orilla/base/base64.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

void check_config_map(const ConfigMap& map, FieldErrors& errors) {
    const Path data("data");
    const Path binary("binaryData");
    size_t bytes = 0;
    for (const auto& entry : map.data) {
        if (errors.full()) return;
        errors.complain(data.key(entry.key), entry.key, check_config_map_key(entry.key));
        if (map.binary_data.contains(entry.key))
            errors.invalid(data.key(entry.key), entry.key, "duplicate of key present in binaryData");
        bytes += entry.value.size();
    }
    for (const auto& entry : map.binary_data) {
        if (errors.full()) return;
        errors.complain(binary.key(entry.key), entry.key, check_config_map_key(entry.key));
        bytes += decoded_base64_bytes(entry.value);
    }
    if (bytes > data_bytes_max) errors.too_long(data, data_bytes_max);
}

void check_config_map_update(const ConfigMap& updated, const ConfigMap& old, FieldErrors& errors) {
    check_frozen(updated, old, errors);
    if (old.immutable.value_or(false) && !(updated.binary_data == old.binary_data))
        errors.forbidden(Path("binaryData"), "field is immutable when `immutable` is set");
}

Row render_config_map(const ConfigMap& map, int64_t now) {
    return {map.metadata.name.view(), static_cast<int64_t>(map.data.size() + map.binary_data.size()),
            render_age(map.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules config_map_rules = {
    .check = checked<ConfigMap, check_config_map>,
    .check_update = checked_update<ConfigMap, check_config_map_update>,
    .row = rendered<ConfigMap, render_config_map>,
};

}  // namespace orilla::api

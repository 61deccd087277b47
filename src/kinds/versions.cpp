#include "orilla/kinds/versions.hpp"

#include "orilla/kinds/kind_rules.hpp"

namespace orilla::api {

const KindInfo& stored_version(const KindInfo& kind) {
    const Conversion* conversion = kind.rules->conversion;
    return conversion ? *find_builtin_kind(conversion->stored_type()) : kind;
}

Object to_stored(Object object) {
    const Conversion* conversion = object.kind().rules->conversion;
    if (!conversion) return object;
    Object stored(stored_version(object.kind()));
    conversion->to_stored(object, stored);
    return stored;
}

Object to_version(const Object& stored, const KindInfo& wanted) {
    Object shown(wanted);
    wanted.rules->conversion->from_stored(stored, shown);
    return shown;
}

}  // namespace orilla::api

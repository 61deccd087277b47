#include "orilla/kinds/object.hpp"

namespace orilla::api {

Object::Object(const KindInfo& kind) : kind_(kind), data_(detail::box_make(*kind.type)) {}

Object::~Object() {
    if (data_ != nullptr) detail::box_free(data_, *kind_->type);
}

Object Object::clone() const {
    Object copy;
    if (data_ != nullptr) copy.data_ = detail::box_copy(data_, *kind_->type);
    copy.kind_ = kind_;
    return copy;
}

bool operator==(const Object& a, const Object& b) {
    if (a.kind_ != b.kind_ || a.empty() || b.empty()) return a.kind_ == b.kind_ && a.empty() == b.empty();
    return equal_values(*a.kind_->type, a.data_, b.data_);
}

}  // namespace orilla::api

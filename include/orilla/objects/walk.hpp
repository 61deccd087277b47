// A look at all objects of a kind, in portions between which others run. Few of them are found by an index of the feed.
#pragma once

#include <functional>
#include <memory>
#include <utility>

#include "orilla/loop/loop.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::objects {

/// All there are when it begins.
loop::Task<void> walk(loop::Loop& loop, Objects& objects, const api::KindInfo& kind, std::function<void(ObjectPtr)> look);

template <class T>
loop::Task<void> walk(loop::Loop& loop, Objects& objects, std::function<void(const T&)> look) {
    std::function<void(ObjectPtr)> any = [look = std::move(look)](const ObjectPtr& object) { look(object->as<T>()); };
    return walk(loop, objects, api::kind_of<T>(), std::move(any));
}

}  // namespace orilla::objects

// What a damaged file system left of the images. Every layer of the index is looked at once after each start, beside all
// else; an image that lost something is forgotten with a message, so that whoever needs it pulls or imports it again in place
// of running half of it.
#pragma once

#include "state.hpp"

namespace orilla::images {

loop::Task<void> drop_damaged_images(State& state);

}  // namespace orilla::images

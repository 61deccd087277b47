// What goes on after a switch of protocols (a WebSocket): bytes, both ways, as they come.
#pragma once

#include <memory>

#include "orilla/http/duplex.hpp"
#include "orilla/loop/loop.hpp"

namespace orilla::gateway {

/// Until both sides have ended, or a while after one of them has.
loop::Task<void> carry(loop::Loop& loop, http::Duplex& client, http::Duplex& backend);

}  // namespace orilla::gateway

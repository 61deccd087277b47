// One line to stderr per message, in journald's level prefix when stderr is not a terminal. An error is logged once,
// where it is finally handled; everywhere else it is returned with context.
#pragma once

#include <string_view>

namespace orilla::log {

enum class Level { error = 3, warning = 4, info = 6, debug = 7 };

/// Messages above this level are dropped; `info` at start.
void set_level(Level level);
bool enabled(Level level);
void write(Level level, std::string_view message);

inline void error(std::string_view message) { write(Level::error, message); }
inline void warning(std::string_view message) { write(Level::warning, message); }
inline void info(std::string_view message) { write(Level::info, message); }
inline void debug(std::string_view message) { write(Level::debug, message); }

}  // namespace orilla::log

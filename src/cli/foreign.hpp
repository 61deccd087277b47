// What kubectl has and orilla has not: commands and flags, each with what to do instead. Pure.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace orilla::cli {

/// The refusal of a kubectl command; nothing for a word that kubectl does not know either.
std::optional<std::string> refuse_command(std::string_view name);
/// What to do in place of --FLAG; empty for one that kubectl has not either.
std::string_view instead_of_flag(std::string_view name);

}  // namespace orilla::cli

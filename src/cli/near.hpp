// What was probably meant by a mistyped word. Pure.
#pragma once

#include <span>
#include <string>
#include <string_view>

namespace orilla::cli {

/// The nearest of `known`: one that begins with it, or is a letter or two away (a third of the word at most; two letters that
/// changed places are one). Empty when none is.
std::string find_near(std::string_view typed, std::span<const std::string_view> known);
/// "\n\nDid you mean this?\n\tget\n", or nothing for an empty word.
std::string did_you_mean(std::string_view meant);

}  // namespace orilla::cli

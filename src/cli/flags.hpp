// What a command line may look like: the commands, the flags that each one honours, and no others. Pure: text in, Options
// out. Flags follow pflag's rules, as kubectl's do: -n x, -nx, -n=x, --namespace x, --namespace=x, -wA; a flag may stand
// anywhere before `--`.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "options.hpp"
#include "orilla/base/result.hpp"

namespace orilla::cli {

using Member = std::variant<bool Options::*, std::string Options::*, std::vector<std::string> Options::*,
                            std::optional<int64_t> Options::*>;

struct Flag {
    std::string_view name;        ///< long, without dashes
    char shorthand;               ///< 0: none
    std::string_view value;       ///< what stands after it in the help; empty for switches
    std::string_view help;
    Member member;
    std::string_view bare = "";   ///< what `--flag` without `=value` means; empty: it must have one
    bool splits_commas = false;   ///< lists only

    bool is_switch() const { return std::holds_alternative<bool Options::*>(member); }
};

/// One thing that can be typed, `rollout status` for example.
struct Command {
    std::string_view path;
    std::string_view usage;  ///< what stands after the path
    std::string_view help;
    std::string_view flags;  ///< names of flags, separated by spaces
};

struct CommandLine {
    const Command* command = nullptr;  ///< null: help about `topic`
    std::string topic;                 ///< "", "rollout", "get"
    bool wants_help = false;
    bool wants_version = false;
    Options options;
};

std::span<const Command> all_commands();
const Flag* find_flag(std::string_view name);
/// The flags of one command, in the order of the table; every command has -n or --socket where it speaks to the server.
std::vector<const Flag*> flags_of(const Command& command);

/// kubectl's words for what is wrong. Options are `defaults` changed by the flags.
Result<CommandLine> parse_command_line(const std::vector<std::string>& args, Options defaults = {});
/// Help for everything, a group of commands ("rollout") or one command.
std::string render_help(std::string_view topic);
/// The command that was probably meant by a mistyped one; empty when none is near.
std::string suggest_command(std::string_view typed);

}  // namespace orilla::cli

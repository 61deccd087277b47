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
#include "orilla/cli/cli.hpp"

namespace orilla::cli {

using Member = std::variant<bool Options::*, std::string Options::*, std::vector<std::string> Options::*,
                            std::optional<int64_t> Options::*>;

struct Flag {
    std::string_view name;   ///< long, without dashes
    char shorthand;          ///< 0: none
    std::string_view value;  ///< what stands after it in the help; empty for switches
    std::string_view help;
    Member member;
    std::string_view bare = "";  ///< what `--flag` without `=value` means; empty: it must have one
    bool splits_commas = false;  ///< lists only

    bool is_switch() const { return std::holds_alternative<bool Options::*>(member); }
};

/// One thing that can be typed, `rollout status` for example.
struct Command {
    std::string_view path;
    std::string_view usage;  ///< what stands after the path
    std::string_view help;
    std::string_view flags;     ///< names of its own flags, separated by spaces; the global ones are not among them
    std::string_view examples;  ///< one a line
};

struct CommandLine {
    const Command* command = nullptr;  ///< null: help about `topic`
    std::string topic;                 ///< "", "rollout", "get"
    bool wants_help = false;
    bool wants_version = false;
    Options options;
};

std::span<const Command> all_commands();
/// Null for what is none, "rollout" for example.
const Command* find_command(std::string_view path);
/// Are there commands below it?
bool is_group(std::string_view path);
/// Is "rollout undo" below "rollout"?
bool is_below(std::string_view path, std::string_view topic);
const Flag* find_flag(std::string_view name);
/// What every command takes, and what may stand in front of it: --socket, --request-timeout, -v.
std::vector<const Flag*> global_flags();
/// The flags of one command without the global ones, in the order of the table.
std::vector<const Flag*> own_flags_of(const Command& command);
/// All of them.
std::vector<const Flag*> flags_of(const Command& command);

/// kubectl's words for what is wrong. Options are `defaults` changed by the flags.
Result<CommandLine> parse_command_line(const std::vector<std::string>& args, Options defaults = {});
/// What a line that is not finished says so far, without complaints: what completion goes by.
struct PartialLine {
    std::string path;                 ///< "", "rollout", "rollout undo"
    std::optional<std::string> next;  ///< a first word that is no command
    Options options;
    const Flag* pending = nullptr;  ///< a flag that waits for its value
    bool is_behind_dashes = false;  ///< behind `--`
};
PartialLine parse_partial_line(const std::vector<std::string>& args, Options defaults = {});

/// One line about a command or a group of them.
std::string_view help_of(std::string_view path);
/// Help for everything, a group of commands ("rollout") or one command.
std::string render_help(std::string_view topic);
/// Commands, flags and examples as JSON: what man pages are made of.
std::string render_commands(std::span<const ServeFlag> serve_flags);
/// The command that was probably meant by a mistyped one; empty when none is near.
std::string suggest_command(std::string_view typed);

}  // namespace orilla::cli

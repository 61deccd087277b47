#include "flags.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <charconv>

#include "foreign.hpp"
#include "near.hpp"

namespace orilla::cli {
namespace {

struct Alias {
    std::string_view typed, meant;
};
constexpr Alias aliases[] = {{"create cm", "create configmap"},
                             {"create ns", "create namespace"},
                             {"create deploy", "create deployment"},
                             {"create resourcequota", "create quota"},
                             {"create svc", "create service"},
                             {"create pdb", "create poddisruptionbudget"},
                             {"create pc", "create priorityclass"},
                             {"image ls", "image list"},
                             {"image rm", "image remove"},
                             {"create dep", "create deployment"},
                             {"rm", "delete"}};

Error usage_error(const std::string& what, std::string_view topic) {
    const std::string where = topic.empty() ? "orilla" : "orilla " + std::string(topic);
    return Error(Code::bad_request, fmt::format("error: {}\nSee '{} --help' for usage.", what, where));
}

bool is_command(std::string_view path) { return find_command(path) != nullptr; }

std::string join(const std::string& path, std::string_view word) {
    const std::string joined = path.empty() ? std::string(word) : fmt::format("{} {}", path, word);
    for (const Alias& alias : aliases)
        if (alias.typed == joined) return std::string(alias.meant);
    return joined;
}

/// One flag as typed: --name=value or -n.
struct Typed {
    std::string name;  ///< long name, or one letter
    bool is_short = false;
    std::optional<std::string> value;
};

bool matches(const Flag& flag, const Typed& typed) {
    return typed.is_short ? flag.shorthand != 0 && typed.name[0] == flag.shorthand : flag.name == typed.name;
}

const Flag* find_among(const std::vector<const Flag*>& known, const Typed& typed) {
    for (const Flag* flag : known)
        if (matches(*flag, typed)) return flag;
    return nullptr;
}

Typed split_long(const std::string& arg) {
    const size_t equals = arg.find('=');
    Typed out{arg.substr(2, equals == std::string::npos ? equals : equals - 2), false, std::nullopt};
    if (equals != std::string::npos) out.value = arg.substr(equals + 1);
    return out;
}

/// The flags of every command at or below `path`: enough to know which of them take a value.
std::vector<const Flag*> flags_below(const std::string& path) {
    std::vector<const Flag*> out;
    for (const Command& command : all_commands()) {
        if (!path.empty() && command.path != path && !(command.path.starts_with(path) && command.path[path.size()] == ' '))
            continue;
        for (const Flag* flag : flags_of(command)) out.push_back(flag);
    }
    return out;
}

/// Does this flag take the next word as its value? Known before the command is: -n x may stand in front of it.
bool takes_next(const std::string& arg, const std::string& path) {
    Typed typed = arg.starts_with("--") ? split_long(arg) : Typed{arg.substr(1), true, std::nullopt};
    if (typed.value || (typed.is_short && typed.name.size() != 1)) return false;
    const Flag* flag = find_among(flags_below(path), typed);
    return flag && !flag->is_switch() && flag->bare.empty();
}

struct Words {
    std::string path;                 ///< the longest known command or group
    std::vector<std::string> rest;    ///< everything else, in order
    std::optional<std::string> next;  ///< the first word that is no part of the path
};

Words take_command(const std::vector<std::string>& args) {
    Words out;
    bool open = true;
    for (size_t i = 0; i < args.size(); ++i) {
        const std::string& arg = args[i];
        if (arg == "--") open = false;
        const bool is_flag = arg.size() > 1 && arg[0] == '-';
        if (open && is_flag && takes_next(arg, out.path)) {
            out.rest.push_back(arg);
            if (++i < args.size()) out.rest.push_back(args[i]);
            continue;
        }
        const std::string longer = join(out.path, arg);
        if (open && !is_flag && (is_command(longer) || is_group(longer))) {
            out.path = longer;
            continue;
        }
        if (open && !is_flag) {
            out.next = arg;
            open = false;
        }
        out.rest.push_back(arg);
    }
    return out;
}

Result<bool> parse_switch(const Flag& flag, const std::string& value, std::string_view topic) {
    for (const char* yes : {"true", "True", "TRUE", "1", "t", "T"})
        if (value == yes) return true;
    for (const char* no : {"false", "False", "FALSE", "0", "f", "F"})
        if (value == no) return false;
    return usage_error(fmt::format("invalid argument \"{}\" for \"--{}\" flag: expected true or false", value, flag.name),
                       topic);
}

Result<int64_t> parse_number(const Flag& flag, const std::string& value, std::string_view topic) {
    int64_t number = 0;
    const auto [end, failed] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (failed == std::errc() && end == value.data() + value.size() && !value.empty()) return number;
    return usage_error(fmt::format("invalid argument \"{}\" for \"--{}\" flag: expected a whole number", value, flag.name),
                       topic);
}

void append_values(std::vector<std::string>& list, const std::string& value, bool splits) {
    size_t from = 0;
    for (size_t comma; splits && (comma = value.find(',', from)) != std::string::npos; from = comma + 1)
        list.push_back(value.substr(from, comma - from));
    list.push_back(value.substr(from));
}

Result<void> assign(Options& options, const Flag& flag, const std::string& value, std::string_view topic) {
    if (const auto* text = std::get_if<std::string Options::*>(&flag.member)) {
        options.** text = value;
    } else if (const auto* list = std::get_if<std::vector<std::string> Options::*>(&flag.member)) {
        append_values(options.**list, value, flag.splits_commas);
    } else if (const auto* on = std::get_if<bool Options::*>(&flag.member)) {
        TRY(options.**on, parse_switch(flag, value, topic));
    } else {
        TRY(options.*std::get<std::optional<int64_t> Options::*>(flag.member), parse_number(flag, value, topic));
    }
    return ok();
}

/// Goes over the words once and fills in the Options.
class FlagParser {
  public:
    FlagParser(const Command& command, std::vector<std::string> words, Options& options)
        : command_(command), known_(flags_of(command)), words_(std::move(words)), options_(options) {}

    bool wants_help() const { return wants_help_; }
    const Flag* pending() const { return pending_; }
    bool is_behind_dashes() const { return behind_dashes_; }

    /// Goes on after what is wrong, for lines that are not finished.
    void run_leniently() {
        while (at_ < words_.size()) {
            if (run()) return;
            ++at_;
        }
    }

    Result<void> run() {
        for (; at_ < words_.size(); ++at_) {
            const std::string word = words_[at_];
            if (word == "--") {
                behind_dashes_ = true;
                const bool has_command = command_.usage.find("-- COMMAND") != std::string_view::npos;
                auto& rest = has_command ? options_.container_command : options_.args;
                rest.insert(rest.end(), words_.begin() + static_cast<std::ptrdiff_t>(at_) + 1, words_.end());
                break;
            }
            if (word.starts_with("--")) TRY_VOID(take_flag(split_long(word), word));
            else if (word.size() > 1 && word[0] == '-') TRY_VOID(take_letters(word));
            else options_.args.push_back(word);
        }
        return ok();
    }

  private:
    Result<void> take_letters(const std::string& word) {
        for (size_t i = 1; i < word.size(); ++i) {
            Typed typed{std::string(1, word[i]), true, std::nullopt};
            const Flag* flag = find_among(known_, typed);
            const bool takes_rest = flag && i + 1 < word.size() && (!flag->is_switch() || word[i + 1] == '=');
            if (takes_rest) typed.value = word.substr(word[i + 1] == '=' ? i + 2 : i + 1);
            TRY_VOID(take_flag(typed, word));
            if (takes_rest) break;
        }
        return ok();
    }

    Result<void> take_flag(Typed typed, const std::string& word) {
        if (typed.name == (typed.is_short ? "h" : "help")) {
            wants_help_ = true;
            return ok();
        }
        const Flag* flag = find_among(known_, typed);
        if (!flag) return unknown(typed, word);
        if (!typed.value && flag->is_switch()) typed.value = "true";
        if (!typed.value && !flag->bare.empty()) typed.value = std::string(flag->bare);
        if (!typed.value && at_ + 1 < words_.size()) typed.value = words_[++at_];
        if (!typed.value) pending_ = flag;
        if (!typed.value && typed.is_short)
            return usage_error(fmt::format("flag needs an argument: '{}' in {}", typed.name, word), command_.path);
        if (!typed.value) return usage_error("flag needs an argument: --" + typed.name, command_.path);
        return assign(options_, *flag, *typed.value, command_.path);
    }

    Error unknown(const Typed& typed, const std::string& word) const {
        if (typed.is_short)
            return usage_error(fmt::format("unknown shorthand flag: '{}' in {}", typed.name, word), command_.path);
        if (const auto instead = instead_of_flag(typed.name); !instead.empty())
            return Error(Code::bad_request, fmt::format("error: orilla has no --{}: {}", typed.name, instead));
        std::vector<std::string_view> names;
        for (const Flag* flag : known_) names.push_back(flag->name);
        const std::string meant = find_near(typed.name, names);
        if (!meant.empty())
            return usage_error(fmt::format("unknown flag: --{}{}", typed.name, did_you_mean("--" + meant)), command_.path);
        return usage_error("unknown flag: --" + typed.name, command_.path);
    }

    const Command& command_;
    std::vector<const Flag*> known_;
    std::vector<std::string> words_;
    Options& options_;
    size_t at_ = 0;
    const Flag* pending_ = nullptr;
    bool behind_dashes_ = false;
    bool wants_help_ = false;
};

Error unknown_command(const std::string& word) {
    if (const auto foreign = refuse_command(word.substr(0, word.find(' ')))) return Error(Code::unsupported, *foreign);
    if (word == "serve")
        return Error(Code::bad_request, "error: serve comes first, and its flags behind it: 'orilla serve --socket PATH'");
    const std::string meant = suggest_command(word);
    return Error(Code::bad_request, fmt::format("error: unknown command \"{}\" for \"orilla\"{}", word,
                                                meant.empty() ? "\nRun 'orilla help' for the commands." : did_you_mean(meant)));
}

std::string suggest_below(const std::string& path, const std::string& word) {
    std::vector<std::string_view> known;
    for (const Command& command : all_commands()) {
        if (!is_below(command.path, path)) continue;
        const std::string_view rest = command.path.substr(path.size() + 1);
        known.push_back(rest.substr(0, rest.find(' ')));
    }
    return find_near(word, known);
}

/// A group without its next word: `rollout`, `rollout nosuch`, `create secret x`.
Error incomplete(const Words& words) {
    if (words.next)
        return Error(Code::bad_request,
                     fmt::format("error: unknown command \"{}\"{}\nSee 'orilla {} --help' for help and examples{}", *words.next,
                                 did_you_mean(suggest_below(words.path, *words.next)), words.path,
                                 words.path.starts_with("create") ? "; what it does not list comes from -f FILE" : ""));
    return Error(Code::bad_request,
                 fmt::format("error: 'orilla {}' needs one of its commands\n\n{}", words.path, render_help(words.path)));
}

Result<void> check_values(const Options& options) {
    if (options.dry_run != "none" && options.dry_run != "client" && options.dry_run != "server")
        return Error(
            Code::bad_request,
            fmt::format("error: Invalid dry-run value ({}). Must be \"none\", \"server\", or \"client\".", options.dry_run));
    for (const char* known : {"strict", "true", "warn", "ignore", "false"})
        if (options.validate == known) return ok();
    return Error(
        Code::bad_request,
        fmt::format("error: invalid - validate option \"{}\"; must be one of: strict (or true), warn, ignore (or false)",
                    options.validate));
}

Result<CommandLine> parse_help_topic(const std::vector<std::string>& words) {
    CommandLine out;
    out.wants_help = true;
    for (const auto& word : words) out.topic = join(out.topic, word);
    if (out.topic == "serve") return out;
    if (!out.topic.empty() && !is_command(out.topic) && !is_group(out.topic)) return unknown_command(out.topic);
    return out;
}

}  // namespace

std::string suggest_command(std::string_view typed) {
    std::vector<std::string_view> verbs;
    for (const Command& command : all_commands()) verbs.push_back(command.path.substr(0, command.path.find(' ')));
    verbs.push_back("serve"), verbs.push_back("help");
    return find_near(typed, verbs);
}

PartialLine parse_partial_line(const std::vector<std::string>& args, Options defaults) {
    Words words = take_command(args);
    PartialLine out{words.path, std::move(words.next), std::move(defaults), nullptr, false};
    static constexpr Command none{"", "", "", "", ""};
    const Command* command = find_command(words.path);
    FlagParser parser(command ? *command : none, std::move(words.rest), out.options);
    parser.run_leniently();
    out.options.verb = out.path;
    out.pending = parser.pending();
    out.is_behind_dashes = parser.is_behind_dashes();
    return out;
}

Result<CommandLine> parse_command_line(const std::vector<std::string>& args, Options defaults) {
    const Words words = take_command(args);
    if (words.path.empty()) {
        if (words.next == "help")
            return parse_help_topic({std::find(words.rest.begin(), words.rest.end(), "help") + 1, words.rest.end()});
        if (words.next) return unknown_command(*words.next);
        const std::string first = words.rest.empty() ? "--help" : words.rest[0];
        CommandLine out;
        out.wants_help = first == "--help" || first == "-h";
        out.wants_version = first == "--version";
        if (!out.wants_help && !out.wants_version) return usage_error("a command is missing, or unknown flag: " + first, "");
        return out;
    }
    CommandLine out;
    out.options = std::move(defaults);
    out.topic = words.path;
    if (!is_command(words.path)) {
        out.wants_help = std::ranges::count(words.rest, "--help") + std::ranges::count(words.rest, "-h") > 0;
        if (!out.wants_help) return incomplete(words);
        return out;
    }
    out.command = find_command(words.path);
    out.options.verb = words.path;
    FlagParser parser(*out.command, words.rest, out.options);
    TRY_VOID(parser.run());
    out.wants_help = parser.wants_help();
    if (!out.wants_help) TRY_VOID(check_values(out.options));
    return out;
}

}  // namespace orilla::cli

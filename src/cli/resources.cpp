#include "resources.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cstring>

#include "near.hpp"
#include "orilla/base/text.hpp"
#include "served_kinds.hpp"

namespace orilla::cli {
namespace {

std::vector<std::string> split_words(const std::string& text, char separator) {
    std::vector<std::string> out;
    for (size_t from = 0; from <= text.size();) {
        const size_t end = std::min(text.find(separator, from), text.size());
        if (end > from) out.push_back(text.substr(from, end - from));
        from = end + 1;
    }
    return out;
}

Result<std::vector<const api::KindInfo*>> parse_kinds(const std::string& types) {
    std::vector<const api::KindInfo*> out;
    const auto add = [&out](const api::KindInfo& kind) {
        if (std::ranges::find(out, &kind) == out.end()) out.push_back(&kind);
    };
    for (const auto& type : split_words(types, ',')) {
        if (!served_kinds().find_category(type).empty()) {
            for (const api::KindInfo& kind : served_kinds().find_category(type)) add(kind);
            continue;
        }
        const api::KindInfo* kind = served_kinds().find_by_any_name(type);
        if (!kind) return unknown_type(type);
        add(*kind);
    }
    if (out.empty()) return usage("you must specify the type of resource, for example pods or deploy/web");
    return out;
}

Result<Target> parse_pair(const std::string& word, const Options& options) {
    const size_t slash = word.find('/');
    if (slash == std::string::npos)
        return usage(
            "there is no need to specify a resource type as a separate argument when passing arguments in resource/name form "
            "(e.g. "
            "'orilla get resource/<resource_name>' instead of 'orilla get resource resource/<resource_name>'");
    if (slash == 0 || slash + 1 == word.size() || word.find('/', slash + 1) != std::string::npos || word.find(',') < slash)
        return usage("arguments in resource/name form must have a single resource and name");
    TRY(const auto kinds, parse_kinds(word.substr(0, slash)));
    if (kinds.size() != 1) return usage("arguments in resource/name form must have a single resource and name");
    return Target{kinds[0], word.substr(slash + 1), namespace_for(*kinds[0], options), ""};
}

}  // namespace

Error unknown_type(const std::string& type) {
    std::vector<std::string_view> names;
    for (const api::KindInfo& kind : served_kinds().all()) names.push_back(kind.plural), names.push_back(kind.singular);
    const std::string typed = lowered(type);
    return Error(Code::not_found, fmt::format("error: the server doesn't have a resource type \"{}\"{}", type,
                                              did_you_mean(find_near(typed, names))));
}

Error usage(const std::string& what) { return Error(Code::bad_request, "error: " + what); }

Error usage_with_help(const Options& options, const std::string& what) {
    return usage(fmt::format("{}\nSee 'orilla {} -h' for help and examples", what, options.verb));
}

Result<void> refuse_words(const Options& options) {
    if (options.args.empty()) return ok();
    std::string words;
    for (const auto& word : options.args) words += (words.empty() ? "" : " ") + word;
    return usage_with_help(options, fmt::format("unexpected arguments: [{}]", words));
}

Result<std::vector<Target>> parse_targets(const std::vector<std::string>& words, const Options& options) {
    std::vector<Target> out;
    if (words.empty())
        return usage(
            "You must provide one or more resources by argument or filename.\nExample resource specifications include:\n"
            "   '-f rsrc.yaml'\n   '--filename=rsrc.json'\n   '<resource> <name>'\n   '<resource>'");
    if (std::ranges::any_of(words, [](const std::string& word) { return word.find('/') != std::string::npos; })) {
        for (const auto& word : words) {
            TRY(Target target, parse_pair(word, options));
            out.push_back(std::move(target));
        }
        return out;
    }
    TRY(const auto kinds, parse_kinds(words[0]));
    for (const auto* kind : kinds) {
        if (words.size() == 1) out.push_back({kind, "", namespace_for(*kind, options), ""});
        for (size_t i = 1; i < words.size(); ++i) out.push_back({kind, words[i], namespace_for(*kind, options), ""});
    }
    return out;
}

Result<void> check_targets(const std::vector<Target>& targets, const Options& options, bool needs_name) {
    const bool selects = !options.selector.empty() || !options.field_selector.empty() || options.all;
    if (options.all && !options.selector.empty()) return usage("setting 'all' parameter but found a non empty selector.");
    for (const Target& target : targets) {
        if (!target.name.empty() && !target.source.empty()) continue;
        if (!target.name.empty() && selects) return usage("name cannot be provided when a selector is specified");
        if (!target.name.empty() && options.all_namespaces && target.kind->namespaced)
            return usage("a resource cannot be retrieved by name across all namespaces");
        if (target.name.empty() && needs_name && !selects) return usage("resource(s) were provided, but no name was specified");
    }
    return ok();
}

std::string path_of(const api::KindInfo& kind, const std::string& ns, const std::string& name) {
    std::string path = kind.group.empty() ? "/api/" : fmt::format("/apis/{}/", kind.group);
    path += kind.version;
    if (kind.namespaced && !ns.empty()) path += "/namespaces/" + escape(ns);
    path += "/" + std::string(kind.plural);
    return name.empty() ? path : fmt::format("{}/{}", path, escape(name));
}

std::string path_of(const Target& target) { return path_of(*target.kind, target.ns, target.name); }

std::string display_kind(const api::KindInfo& kind) {
    return std::string(kind.singular) + (kind.group.empty() ? "" : "." + std::string(kind.group));
}

std::string display_name(const api::KindInfo& kind, const std::string& name) {
    return fmt::format("{}/{}", display_kind(kind), name);
}

std::string namespace_of(const Options& options) { return options.ns.empty() ? "default" : options.ns; }

std::string namespace_for(const api::KindInfo& kind, const Options& options) {
    return kind.namespaced && !options.all_namespaces ? namespace_of(options) : "";
}

std::string list_query(const Options& options, const std::string& extra) {
    std::string out = extra;
    const auto add = [&out](std::string_view name, const std::string& value) {
        if (!value.empty()) out += fmt::format("{}{}={}", out.empty() ? "" : "&", name, escape(value));
    };
    add("labelSelector", options.selector);
    add("fieldSelector", options.field_selector);
    return out.empty() ? out : "?" + out;
}

std::string escape(std::string_view text) {
    static constexpr char hex[] = "0123456789ABCDEF";
    std::string out;
    for (unsigned char c : text) {
        if (isalnum(c) || strchr("-._~", c)) {
            out += static_cast<char>(c);
        } else {
            out += '%';
            out += hex[c >> 4];
            out += hex[c & 15];
        }
    }
    return out;
}

std::string dry_run_suffix(const Options& options) {
    if (options.dry_run == "client") return " (dry run)";
    return options.dry_run == "server" ? " (server dry run)" : "";
}

}  // namespace orilla::cli

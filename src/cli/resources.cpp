#include "resources.hpp"

#include <algorithm>
#include <sstream>

#include "client.hpp"

namespace orilla::cli {
namespace {

std::vector<std::string> split(const std::string& text, char separator) {
    std::vector<std::string> out;
    std::stringstream in(text);
    for (std::string part; std::getline(in, part, separator);)
        if (!part.empty()) out.push_back(part);
    return out;
}

Result<void> add_kinds(const std::string& types, std::vector<const api::KindInfo*>& out) {
    for (const auto& type : split(types, ',')) {
        if (type == "all") {
            for (const auto& kind : api::all_kinds())
                if (std::count(kind.categories.begin(), kind.categories.end(), "all")) out.push_back(&kind);
            continue;
        }
        const api::KindInfo* kind = api::find_kind_by_any_name(type);
        if (!kind) return Error(Code::not_found, "error: the server doesn't have a resource type \"" + type + "\"");
        out.push_back(kind);
    }
    return ok();
}

}  // namespace

Result<std::vector<Target>> parse_targets(const std::vector<std::string>& args) {
    std::vector<Target> out;
    if (args.empty())
        return Error(Code::bad_request, "error: You must specify the type of resource to work on, for example `pods` or `deploy/web`");
    if (args[0].find('/') != std::string::npos) {
        for (const auto& arg : args) {
            const size_t slash = arg.find('/');
            if (slash == std::string::npos || slash + 1 == arg.size())
                return Error(Code::bad_request, "error: there is no need to specify a resource type as a separate argument when passing "
                                                "arguments in resource/name form: \"" + arg + "\"");
            std::vector<const api::KindInfo*> kinds;
            TRY_VOID(add_kinds(arg.substr(0, slash), kinds));
            out.push_back({kinds[0], arg.substr(slash + 1)});
        }
        return out;
    }
    std::vector<const api::KindInfo*> kinds;
    TRY_VOID(add_kinds(args[0], kinds));
    for (const auto* kind : kinds) {
        if (args.size() == 1) out.push_back({kind, ""});
        for (size_t i = 1; i < args.size(); ++i) out.push_back({kind, args[i]});
    }
    return out;
}

std::string path_of(const api::KindInfo& kind, const std::string& ns, const std::string& name) {
    std::string path = kind.group.empty() ? "/api/" : "/apis/" + std::string(kind.group) + "/";
    path += kind.version;
    if (kind.namespaced && !ns.empty()) path += "/namespaces/" + escape(ns);
    path += "/" + std::string(kind.plural);
    return name.empty() ? path : path + "/" + escape(name);
}

std::string display_name(const api::KindInfo& kind, const std::string& name) {
    return std::string(kind.singular) + (kind.group.empty() ? "" : "." + std::string(kind.group)) + "/" + name;
}

std::string namespace_for(const api::KindInfo& kind, const Options& options) {
    return kind.namespaced && !options.all_namespaces ? options.ns : "";
}

std::string list_query(const Options& options, const std::string& extra) {
    std::string out = extra;
    const auto add = [&out](std::string_view name, const std::string& value) {
        if (!value.empty()) out += (out.empty() ? "" : "&") + std::string(name) + "=" + escape(value);
    };
    add("labelSelector", options.selector);
    add("fieldSelector", options.field_selector);
    return out.empty() ? out : "?" + out;
}

}  // namespace orilla::cli

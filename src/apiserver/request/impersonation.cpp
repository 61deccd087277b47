#include "request/impersonation.hpp"

#include <fmt/core.h>
#include <array>
#include <string>

#include "orilla/schema/field_errors.hpp"

namespace orilla::apiserver {

namespace {
constexpr std::string_view extra_prefix = "impersonate-extra-";
constexpr std::string_view account_prefix = "system:serviceaccount:";
constexpr std::string_view authentication_group = "authentication.k8s.io";

/// What Kubernetes would ask its authorizer about.
struct Subject {
    std::string name;
    std::string resource;
    std::string_view group;
    std::string subresource;
    std::string ns;
};

bool starts_fold(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && equal_fold(text.substr(0, prefix.size()), prefix);
}

Subject subject_of_user(std::string_view user) {
    const size_t colon = user.find(':', account_prefix.size());
    if (!user.starts_with(account_prefix) || colon == std::string_view::npos) return {std::string(user), "users", "", "", ""};
    const std::string_view ns = user.substr(account_prefix.size(), colon - account_prefix.size());
    return {std::string(user.substr(colon + 1)), "serviceaccounts", "", "", std::string(ns)};
}

Error refusal(const objects::Identity& who, const Subject& subject) {
    const std::string part = subject.subresource.empty() ? "" : "/" + subject.subresource;
    const std::string where = subject.ns.empty() ? "at the cluster scope" : fmt::format("in the namespace \"{}\"", subject.ns);
    return api::make_forbidden_error(
        subject.group, subject.resource, subject.name,
        fmt::format(
            "User \"{}\" cannot impersonate resource \"{}{}\" in API group \"{}\" {}: this version of Orilla serves nobody "
            "as somebody else",
            who.user, subject.resource, part, subject.group, where));
}
}  // namespace

Result<void> check_impersonation(const http::Request& request, const objects::Identity& who) {
    // In Kubernetes' order: it is the first that is told of.
    for (const auto& [name, resource, group] :
         {std::array<std::string_view, 3>{"impersonate-user", "users", ""},
          std::array<std::string_view, 3>{"impersonate-group", "groups", ""},
          std::array<std::string_view, 3>{"impersonate-uid", "uids", authentication_group}}) {
        for (const http::HeaderView& header : request.headers) {
            if (!equal_fold(header.name, name)) continue;
            if (resource == "users") return refusal(who, subject_of_user(header.value));
            return refusal(who, {std::string(header.value), std::string(resource), group, "", ""});
        }
    }
    for (const http::HeaderView& header : request.headers) {
        if (!starts_fold(header.name, extra_prefix)) continue;
        const std::string key(header.name.substr(extra_prefix.size()));
        return refusal(who, {std::string(header.value), "userextras", authentication_group, key, ""});
    }
    return ok();
}

}  // namespace orilla::apiserver

#include "served_kinds.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "client.hpp"
#include "orilla/kinds/types.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr std::string_view accept_discovery =
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,"
    "application/json;g=apidiscovery.k8s.io;v=v2beta1;as=APIGroupDiscoveryList";

class DiscoveredKind final : public api::AddedKind {
  public:
    DiscoveredKind(const std::string& group, const std::string& version, const json::object& resource) {
        const std::string kind = text_at(object_at(resource, "responseKind"), "kind");
        const auto& known = api::builtin_kinds();
        const auto found = std::ranges::find_if(
            known, [&](const api::KindInfo& one) { return one.group == group && one.version == version && one.kind == kind; });
        if (found != known.end()) info = *found;
        else info.type = &api::type_info<api::PartialObjectMetadata>();
        info.added = this;
        info.group = keep(group);
        info.version = keep(version);
        info.api_version = keep(group.empty() ? version : fmt::format("{}/{}", group, version));
        info.kind = keep(kind);
        info.list_kind = keep(kind + "List");
        info.plural = keep(text_at(resource, "resource"));
        info.singular = keep(text_at(resource, "singularResource"));
        info.resource = keep(group.empty() ? std::string(info.plural) : fmt::format("{}.{}", info.plural, group));
        info.namespaced = text_at(resource, "scope") == "Namespaced";
        info.short_names = keep(short_names_, array_at(resource, "shortNames"));
        info.verbs = keep(verbs_, array_at(resource, "verbs"));
        info.categories = keep(categories_, array_at(resource, "categories"));
        for (const auto& part : array_at(resource, "subresources"))
            if (part.is_object()) keep_subresource(part.get_object());
        info.subresources = subresources_;
    }

  private:
    std::string_view keep(std::string text) { return texts_.emplace_back(std::move(text)); }
    std::span<const std::string_view> keep(std::vector<std::string_view>& list, const json::array& texts) {
        for (const auto& text : texts) list.push_back(keep(text_of(text)));
        return list;
    }
    void keep_subresource(const json::object& part) {
        const json::object& body = object_at(part, "responseKind");
        const auto verbs = keep(part_verbs_.emplace_back(), array_at(part, "verbs"));
        subresources_.push_back({keep(text_at(part, "subresource")), keep(text_at(body, "group")),
                                 keep(text_at(body, "version")), keep(text_at(body, "kind")), verbs});
    }
    std::deque<std::string> texts_;
    std::deque<std::vector<std::string_view>> part_verbs_;
    std::vector<api::SubresourceInfo> subresources_;
    std::vector<std::string_view> short_names_, verbs_, categories_;
};

/// Those of /api and of /apis; null when either is not to be had.
std::unique_ptr<api::KindRegistry> discover(Connection connection) {
    if (connection.request_ms_max <= 0 || connection.request_ms_max > discovery_ms_max)
        connection.request_ms_max = discovery_ms_max;
    Client client(std::move(connection));
    auto kinds = std::make_unique<api::KindRegistry>(std::span<const api::KindInfo>());
    for (const char* path : {"/api", "/apis"}) {
        Request request;
        request.path = path;
        request.accept = accept_discovery;
        const auto body = client.send(request);
        const auto list = body ? parse_object(*body) : Result<json::object>(body.error());
        if (!list || text_at(*list, "kind") != "APIGroupDiscoveryList") return nullptr;
        add_discovered(*kinds, array_at(*list, "items"));
    }
    return kinds;
}

struct Served {
    std::optional<Connection> source;
    std::unique_ptr<api::KindRegistry> kinds;
};

Served& served() {
    static Served all;
    return all;
}

}  // namespace

void add_discovered(api::KindRegistry& kinds, const json::array& groups) {
    for (const auto& group : groups) {
        if (!group.is_object()) continue;
        const std::string name = text_at(object_at(group.get_object(), "metadata"), "name");
        for (const auto& version : array_at(group.get_object(), "versions")) {
            if (!version.is_object()) continue;
            for (const auto& resource : array_at(version.get_object(), "resources"))
                if (resource.is_object())  // what is named twice is kept once
                    (void)kinds.add(std::make_unique<DiscoveredKind>(name, text_at(version.get_object(), "version"),
                                                                     resource.get_object()));
        }
    }
}

void ask_kinds_of(const Connection& connection) {
    served().source = connection;
    served().kinds.reset();
}

const api::KindRegistry& served_kinds() {
    Served& all = served();
    if (!all.kinds && all.source) all.kinds = discover(*all.source);
    if (!all.kinds) all.kinds = std::make_unique<api::KindRegistry>();
    return *all.kinds;
}

const api::KindInfo* find_kind(std::string_view api_version, std::string_view kind) {
    const auto& known = api::builtin_kinds();
    const auto found = std::ranges::find_if(
        known, [&](const api::KindInfo& one) { return one.api_version == api_version && one.kind == kind; });
    return found != known.end() ? &*found : served_kinds().find(api_version, kind);
}

}  // namespace orilla::cli

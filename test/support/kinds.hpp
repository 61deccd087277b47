// The built-in kinds as a registry, and a kind that comes and goes: Widgets, which have what ConfigMaps have.
#pragma once

#include "orilla/kinds/kind_rules.hpp"
#include "orilla/kinds/registry.hpp"

namespace orilla::test {

inline const api::KindRegistry& builtin() {
    static const api::KindRegistry all;
    return all;
}

struct WidgetKind final : api::AddedKind {
    WidgetKind() : type(api::type_info<api::ConfigMap>()) {
        type.name = "Widget";
        type.package = type.api_version = "example.com/v1";
        info = {.group = "example.com",
                .version = "v1",
                .api_version = "example.com/v1",
                .kind = "Widget",
                .list_kind = "WidgetList",
                .plural = "widgets",
                .singular = "widget",
                .resource = "widgets.example.com",
                .storage_version_hash = "",
                .short_names = short_names,
                .verbs = verbs,
                .categories = categories,
                .subresources = {},
                .columns = {},
                .selectable = {},
                .type = &type,
                .rules = &rules,
                .namespaced = true,
                .durability = api::Durability::durable,
                .payload = api::Payload::none,
                .generation = api::Generation::none,
                .name_form = api::NameForm::subdomain,
                .scale = {},
                .put_creates = false,
                .put_needs_revision = false,
                .added = this};
    }
    ~WidgetKind() override {
        if (ended) ++*ended;
    }

    static constexpr std::string_view short_names[] = {"wd"};
    static constexpr std::string_view verbs[] = {"create", "delete", "get", "list", "patch", "update", "watch"};
    static constexpr std::string_view categories[] = {"toys"};
    static constexpr api::KindRules rules{};
    api::TypeInfo type;
    int* ended = nullptr;
};

}  // namespace orilla::test

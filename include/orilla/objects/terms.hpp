// What objects are found by in a feed: `objects.feed<api::Pod>().find<api::Pod>(owned_by(uid))`.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/kinds/selectors.hpp"
#include "orilla/objects/feed.hpp"

namespace orilla::objects {

void owner_terms(const api::Object& object, std::vector<std::string>& terms);
void label_terms(const api::Object& object, std::vector<std::string>& terms);
void node_terms(const api::Object& pod, std::vector<std::string>& terms);

void namespace_terms(const api::Object& object, std::vector<std::string>& terms);
void claim_user_terms(const api::Object& pod, std::vector<std::string>& terms);

/// What the object with this uid controls.
Term owned_by(std::string_view uid);
/// What nobody controls.
Term orphans_in(std::string_view ns);
/// What nobody controls and has the label.
Term orphans_labelled(std::string_view ns, std::string_view key, std::string_view value);
Term labelled(std::string_view ns, std::string_view key, std::string_view value);
/// All that are in it.
Term in_namespace(std::string_view ns);
/// Pods that are bound to this node.
Term on_node(std::string_view name);
/// Pods that have a volume of this claim.
Term using_claim(std::string_view ns, std::string_view claim);
/// The names of the claims that a pod's volumes are of; those of ephemeral volumes among them.
std::vector<std::string> claims_of(const api::Pod& pod);

// By what they select: each is under the first label that its selector asks for, or where those are that ask for none.

void add_selector_term(std::string_view ns, const api::Map<api::Str>& selector, std::vector<std::string>& terms);
void add_selector_term(std::string_view ns, const api::Box<api::LabelSelector>& selector, std::vector<std::string>& terms);
std::string selecting(std::string_view ns, std::string_view key, std::string_view value);
std::string selecting_otherwise(std::string_view ns);
template <class T>
void selector_terms(const api::Object& object, std::vector<std::string>& terms) {
    add_selector_term(object.meta().namespace_, object.as<T>().spec.selector, terms);
}

/// The objects of a kind with `spec.selector` that select these labels.
template <class T>
std::vector<std::shared_ptr<const T>> find_selecting(Objects& objects, std::string_view ns, const api::Map<api::Str>& labels) {
    Feed& feed = objects.feed<T>();
    std::vector<std::shared_ptr<const T>> out;
    const auto take = [&](std::string term) {
        for (auto& one : feed.find<T>({selector_terms<T>, std::move(term)}))
            if (selects(one->spec.selector, labels)) out.push_back(std::move(one));
    };
    for (const auto& [key, value] : labels) take(selecting(ns, key, value));
    take(selecting_otherwise(ns));
    return out;
}

/// What an object with a selector may have to do with: what it controls, and what nobody controls and it selects.
template <class T>
std::vector<std::shared_ptr<const T>> find_claimed(Objects& objects, const api::ObjectMeta& owner,
                                                   const api::Box<api::LabelSelector>& selector) {
    Feed& feed = objects.feed<T>();
    auto out = feed.find<T>(owned_by(owner.uid));
    const bool by_label = selector && !selector->match_labels.empty();
    const auto term = by_label ? orphans_labelled(owner.namespace_, selector->match_labels.begin()->key,
                                                  selector->match_labels.begin()->value)
                               : orphans_in(owner.namespace_);
    for (auto& one : feed.find<T>(term))
        if (selects(selector, one->metadata.labels)) out.push_back(std::move(one));
    return out;
}

}  // namespace orilla::objects

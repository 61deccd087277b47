// Three documents make one strategic merge patch: what the manifest says and the live object lacks is set; what the
// last manifest said and this one does not is deleted; whatever else the live object has is somebody else's and stays.
#include <optional>
#include <unordered_map>

#include "json_value.hpp"
#include "orilla/schema/patch.hpp"
#include "patch_schema.hpp"

namespace json = boost::json;

namespace orilla::api {
namespace {

const json::object no_object;
const json::array no_array;

const json::object& object_or_none(const json::value* value) {
    return value != nullptr && value->is_object() ? value->get_object() : no_object;
}

const json::array& array_or_none(const json::value* value) {
    return value != nullptr && value->is_array() ? value->get_array() : no_array;
}

std::string_view text_of(json::string_view key) { return {key.data(), key.size()}; }

/// Elements of a list by what makes them the same: the merge key's value, or the scalar itself.
class ElementIndex {
  public:
    ElementIndex(const json::array& list, std::string_view merge_key) : merge_key_(merge_key) {
        for (const json::value& element : list)
            if (auto identity = identity_of(element)) elements_.emplace(std::move(*identity), &element);
    }
    const json::value* find(const json::value& element) const {
        auto identity = identity_of(element);
        auto at = identity ? elements_.find(*identity) : elements_.end();
        return at == elements_.end() ? nullptr : at->second;
    }

  private:
    std::optional<std::string> identity_of(const json::value& element) const {
        if (merge_key_.empty()) return render_value(element);
        if (!element.is_object()) return {};
        const json::value* key = element.get_object().if_contains(key_of(merge_key_));
        return key == nullptr ? std::optional<std::string>() : render_value(*key);
    }
    std::string_view merge_key_;
    std::unordered_map<std::string, const json::value*> elements_;
};

json::object make_object_patch(const json::object& last, const json::object& wanted, const json::object& live,
                               const TypeInfo* type);

/// Of a union such as a volume: a source that the manifest does not name goes.
void retain_keys(json::object& changes, const json::object& wanted) {
    json::array keys;
    for (const auto& member : wanted)
        if (!member.value().is_null()) keys.push_back(json::value(member.key()));
    changes.insert_or_assign(key_of(directive_retain_keys), std::move(keys));
}

/// Elements that merge by their key, and the order that the manifest gives them.
void add_keyed_list(json::object& patch, json::string_view name, const json::array& last, const json::array& wanted,
                    const json::array& live, const PatchField& field) {
    ElementIndex last_index(last, field.merge_key);
    ElementIndex live_index(live, field.merge_key);
    ElementIndex wanted_index(wanted, field.merge_key);
    json::array elements, order;
    for (const json::value& element : wanted) {
        const json::value* key = object_or_none(&element).if_contains(key_of(field.merge_key));
        if (key == nullptr) continue;
        order.push_back(json::object{{key_of(field.merge_key), *key}});
        const json::value* before = live_index.find(element);
        if (before == nullptr) {
            elements.push_back(element);
            continue;
        }
        const json::value* applied = last_index.find(element);
        json::object changes =
            make_object_patch(object_or_none(applied), element.get_object(), object_or_none(before), field.type);
        if (changes.empty()) continue;
        if (field.retain_keys) retain_keys(changes, element.get_object());
        changes.insert_or_assign(key_of(field.merge_key), *key);
        elements.push_back(std::move(changes));
    }
    for (const json::value& element : last) {
        if (wanted_index.find(element) != nullptr || live_index.find(element) == nullptr) continue;
        const json::value* key = object_or_none(&element).if_contains(key_of(field.merge_key));
        elements.push_back(json::object{{key_of(directive_patch), "delete"}, {key_of(field.merge_key), *key}});
    }
    if (elements.empty()) return;
    patch.insert_or_assign(key_of(std::string(directive_order_prefix) + std::string(text_of(name))), std::move(order));
    patch.insert_or_assign(name, std::move(elements));
}

void add_scalar_list(json::object& patch, json::string_view name, const json::array& last, const json::array& wanted,
                     const json::array& live) {
    ElementIndex live_index(live, ""), wanted_index(wanted, "");
    json::array added, deleted;
    for (const json::value& element : wanted)
        if (live_index.find(element) == nullptr) added.push_back(element);
    for (const json::value& element : last)
        if (wanted_index.find(element) == nullptr && live_index.find(element) != nullptr) deleted.push_back(element);
    if (added.empty() && deleted.empty()) return;
    patch.insert_or_assign(key_of(std::string(directive_order_prefix) + std::string(text_of(name))), wanted);
    if (!deleted.empty())
        patch.insert_or_assign(key_of(std::string(directive_delete_prefix) + std::string(text_of(name))), std::move(deleted));
    if (!added.empty()) patch.insert_or_assign(name, std::move(added));
}

void add_object(json::object& patch, json::string_view name, const json::value* last, const json::object& wanted,
                const json::object& live, const PatchField& field) {
    json::object changes = make_object_patch(object_or_none(last), wanted, live, field.type);
    if (changes.empty()) return;
    if (field.retain_keys) retain_keys(changes, wanted);
    patch.insert_or_assign(name, std::move(changes));
}

void add_member(json::object& patch, json::string_view name, const json::value* last, const json::value& wanted,
                const json::value* live, const TypeInfo* type) {
    if (wanted.is_null()) {
        if (live != nullptr && !live->is_null()) patch.insert_or_assign(name, nullptr);
        return;
    }
    if (live != nullptr && *live == wanted) return;
    PatchField field = find_patch_field(type, text_of(name));
    if (live != nullptr && wanted.is_object() && live->is_object() && !field.replace)
        return add_object(patch, name, last, wanted.get_object(), live->get_object(), field);
    bool lists = live != nullptr && wanted.is_array() && live->is_array() && field.merge;
    if (lists && field.merges_by_key())
        return add_keyed_list(patch, name, array_or_none(last), wanted.get_array(), live->get_array(), field);
    if (lists && field.type == nullptr)
        return add_scalar_list(patch, name, array_or_none(last), wanted.get_array(), live->get_array());
    patch.insert_or_assign(name, wanted);
}

json::object make_object_patch(const json::object& last, const json::object& wanted, const json::object& live,
                               const TypeInfo* type) {
    json::object patch;
    for (const auto& member : wanted)
        add_member(patch, member.key(), last.if_contains(member.key()), member.value(), live.if_contains(member.key()), type);
    for (const auto& member : last)
        if (!wanted.contains(member.key()) && live.contains(member.key())) patch.insert_or_assign(member.key(), nullptr);
    return patch;
}

Result<json::value> parse_object(std::string_view text, std::string_view what) {
    TRY(json::value value, parse_value(text, what));
    if (!value.is_object()) return Error(Code::bad_request, std::string(what) + " is not a JSON object");
    return value;
}

}  // namespace

Result<std::string> make_three_way_patch(std::string_view last_applied, std::string_view manifest, std::string_view live,
                                         const TypeInfo& type) {
    TRY(json::value last, parse_object(last_applied.empty() ? "{}" : last_applied, "the last applied configuration"));
    TRY(json::value wanted, parse_object(manifest, "the manifest"));
    TRY(json::value current, parse_object(live, "the live object"));
    return render_value(make_object_patch(last.get_object(), wanted.get_object(), current.get_object(), &type));
}

}  // namespace orilla::api

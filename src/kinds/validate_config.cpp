// ConfigMaps and Secrets: keys, size, and what `immutable` forbids.
#include <array>

#include "orilla/base/base64.hpp"
#include "orilla/schema/codec.hpp"
#include "validate.hpp"

namespace orilla::api {
namespace {

constexpr size_t data_bytes_max = 1024 * 1024;

/// Of what base64 text stands for.
size_t decoded_bytes(std::string_view base64) {
    size_t padding = base64.ends_with("==") ? 2 : base64.ends_with("=") ? 1 : 0;
    return base64.size() / 4 * 3 - (base64.empty() ? 0 : padding);
}

void require_key(const Secret& secret, std::string_view key, FieldErrors& errors) {
    const Path data("data");
    if (!secret.data.contains(key)) errors.required(data.key(key));
}

/// A pull would find out too late that it cannot read it.
void require_json(const Secret& secret, std::string_view key, FieldErrors& errors) {
    require_key(secret, key, errors);
    if (!secret.data.contains(key)) return;
    const auto text = decode_base64(*secret.data.get(key));
    if (!text) return;  // told of as a wrong type
    const Path data("data");
    if (auto checked = check_json_object(*text, "data"); !checked)
        errors.invalid(data.key(key), "<secret contents redacted>", checked.error().message());
}

void check_secret_type(const Secret& secret, FieldErrors& errors) {
    std::string_view type = secret.type;
    const Path data("data");
    if (type == "kubernetes.io/tls") {
        require_key(secret, "tls.crt", errors);
        require_key(secret, "tls.key", errors);
    } else if (type == "kubernetes.io/ssh-auth") {
        require_key(secret, "ssh-privatekey", errors);
    } else if (type == "kubernetes.io/dockerconfigjson") {
        require_json(secret, ".dockerconfigjson", errors);
    } else if (type == "kubernetes.io/dockercfg") {
        require_json(secret, ".dockercfg", errors);
    } else if (type == "kubernetes.io/basic-auth") {
        if (secret.data.contains("username") || secret.data.contains("password")) return;
        errors.required(data.key("username"));
        errors.required(data.key("password"));
    } else if (type == "kubernetes.io/service-account-token") {
        const Path path("type");
        errors.forbidden(path, "ServiceAccounts are not served, so no token can be issued");
    }
}

template <class T>
void check_frozen(const T& updated, const T& old, FieldErrors& errors) {
    constexpr std::string_view rule = "field is immutable when `immutable` is set";
    if (!old.immutable.value_or(false)) return;
    if (!updated.immutable.value_or(false)) errors.forbidden(Path("immutable"), rule);
    if (!(updated.data == old.data)) errors.forbidden(Path("data"), rule);
}

}  // namespace

void check_config_map(const ConfigMap& map, FieldErrors& errors) {
    const Path data("data");
    const Path binary("binaryData");
    size_t bytes = 0;
    for (const auto& entry : map.data) {
        if (errors.full()) return;
        errors.complain(data.key(entry.key), entry.key, check_config_map_key(entry.key));
        if (map.binary_data.contains(entry.key))
            errors.invalid(data.key(entry.key), entry.key, "duplicate of key present in binaryData");
        bytes += entry.value.size();
    }
    for (const auto& entry : map.binary_data) {
        if (errors.full()) return;
        errors.complain(binary.key(entry.key), entry.key, check_config_map_key(entry.key));
        bytes += decoded_bytes(entry.value);
    }
    if (bytes > data_bytes_max) errors.too_long(data, data_bytes_max);
}

void check_config_map_update(const ConfigMap& updated, const ConfigMap& old, FieldErrors& errors) {
    check_frozen(updated, old, errors);
    if (old.immutable.value_or(false) && !(updated.binary_data == old.binary_data))
        errors.forbidden(Path("binaryData"), "field is immutable when `immutable` is set");
}

void check_secret(const Secret& secret, FieldErrors& errors) {
    const Path data("data");
    size_t bytes = 0;
    for (const auto& entry : secret.data) {
        if (errors.full()) return;
        errors.complain(data.key(entry.key), entry.key, check_config_map_key(entry.key));
        bytes += decoded_bytes(entry.value);
    }
    if (bytes > data_bytes_max) errors.too_long(data, data_bytes_max);
    check_secret_type(secret, errors);
}

void check_secret_update(const Secret& updated, const Secret& old, FieldErrors& errors) {
    check_immutable(updated.type, old.type, Path("type"), updated.type, errors);
    check_frozen(updated, old, errors);
}

}  // namespace orilla::api

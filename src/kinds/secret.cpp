// Secrets.
#include "checks.hpp"
#include "data.hpp"
#include "orilla/base/base64.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/schema/names.hpp"
#include "rules.gen.hpp"
#include "table_cells.hpp"

namespace orilla::api {
namespace {

/// stringData is for writing only: its text goes into data, over equal keys, and is never stored or shown.
void complete_secret(Secret& secret) {
    for (const auto& entry : secret.string_data) secret.data[entry.key] = Str(encode_base64(entry.value));
    secret.string_data.clear();
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

void check_secret(const Secret& secret, FieldErrors& errors) {
    const Path data("data");
    size_t bytes = 0;
    for (const auto& entry : secret.data) {
        if (errors.full()) return;
        errors.complain(data.key(entry.key), entry.key, check_config_map_key(entry.key));
        bytes += decoded_base64_bytes(entry.value);
    }
    if (bytes > data_bytes_max) errors.too_long(data, data_bytes_max);
    check_secret_type(secret, errors);
}

void check_secret_update(const Secret& updated, const Secret& old, FieldErrors& errors) {
    check_immutable(updated.type, old.type, Path("type"), updated.type, errors);
    check_frozen(updated, old, errors);
}

Row render_secret(const Secret& secret, int64_t now) {
    return {secret.metadata.name.view(), secret.type.view(), static_cast<int64_t>(secret.data.size()),
            render_age(secret.metadata.creation_timestamp, now)};
}

}  // namespace

const KindRules secret_rules = {
    .complete = completed<Secret, complete_secret>,
    .check = checked<Secret, check_secret>,
    .check_update = checked_update<Secret, check_secret_update>,
    .row = rendered<Secret, render_secret>,
};

}  // namespace orilla::api

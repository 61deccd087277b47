#include "record.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <boost/json/serialize.hpp>

#include "digest.hpp"
#include "limits.hpp"

namespace orilla::images {

namespace {
constexpr int64_t index_version = 1;
constexpr size_t names_max = 256;  ///< of one image

Error bad(std::string what) { return Error(Code::corrupt, "image record: " + std::move(what)); }

bool valid_directory(std::string_view name) {
    // <64 hex>, or <64 hex>-c for a layer that is only good above its own parents.
    if (name.size() == 66 && name.ends_with("-c")) name.remove_suffix(2);
    return is_digest("sha256:" + std::string(name));
}

bool normal_name(const std::string& name) {
    const auto parsed = parse_reference(name);
    return parsed && parsed->name() == name;
}
}  // namespace

json::object encode_config(const ImageConfig& config) {
    json::object out;
    out["entrypoint"] = to_array(config.entrypoint);
    out["cmd"] = to_array(config.cmd);
    out["env"] = to_array(config.env);
    out["working_dir"] = config.working_dir;
    out["user"] = config.user;
    out["stop_signal"] = config.stop_signal;
    return out;
}

ImageConfig decode_config(const json::object& object) {
    ImageConfig out;
    out.entrypoint = texts_of(object, "entrypoint");
    out.cmd = texts_of(object, "cmd");
    out.env = texts_of(object, "env");
    out.working_dir = text_of(object, "working_dir");
    out.user = text_of(object, "user");
    out.stop_signal = text_of(object, "stop_signal");
    return out;
}

json::object encode_image(const Image& image) {
    json::array layers;
    for (const auto& layer : image.layers) {
        json::object one;
        one["diff_id"] = layer.diff_id;
        one["directory"] = layer.directory;
        one["size_bytes"] = layer.size_bytes;
        if (layer.hides_lower) one["hides_lower"] = true;
        layers.push_back(std::move(one));
    }
    json::object out;
    out["id"] = image.id;
    out["names"] = to_array(image.names);
    out["repo_digests"] = to_array(image.repo_digests);
    out["architecture"] = image.architecture;
    out["created"] = image.created;
    out["size_bytes"] = image.size_bytes;
    out["config"] = encode_config(image.config);
    out["layers"] = std::move(layers);
    return out;
}

Result<Image> decode_image(const json::object& object) {
    Image out;
    out.id = text_of(object, "id");
    if (!is_digest(out.id)) return bad("its id is not a digest");
    out.names = texts_of(object, "names");
    out.repo_digests = texts_of(object, "repo_digests");
    if (out.names.size() > names_max || out.repo_digests.size() > names_max) return bad("it has more than 256 names");
    for (const auto* names : {&out.names, &out.repo_digests})
        if (!std::all_of(names->begin(), names->end(), normal_name)) return bad("a name is not valid");
    out.architecture = text_of(object, "architecture");
    out.created = text_of(object, "created");
    out.size_bytes = number_of(object, "size_bytes");
    out.config = decode_config(object_of(object, "config"));
    for (const json::value& value : array_of(object, "layers")) {
        if (!value.is_object()) return bad("a layer is not an object");
        const json::object& one = value.get_object();
        Layer layer{text_of(one, "diff_id"), text_of(one, "directory"), number_of(one, "size_bytes"),
                    flag_of(one, "hides_lower")};
        if (!is_digest(layer.diff_id) || !valid_directory(layer.directory)) return bad("a layer is not valid");
        out.layers.push_back(std::move(layer));
        if (out.layers.size() > layers_max) return bad("it has more than 127 layers");
    }
    return out;
}

std::string render_index(const ImagesById& images) {
    json::array list;
    for (const auto& [id, image] : images) list.push_back(encode_image(image));
    json::object out;
    out["version"] = index_version;
    out["images"] = std::move(list);
    return json::serialize(out) + "\n";
}

Result<ImagesById> parse_index_file(std::string_view text) {
    TRY(const json::object document, parse_object(text, "image index"));
    const int64_t version = number_of(document, "version");
    if (version > index_version)
        return Error(
            Code::unsupported,
            fmt::format(
                "image index: written by a newer Orilla (version {}): use that one, or start with an empty image directory",
                version));
    if (version != index_version) return Error(Code::corrupt, "image index: it has no version");
    ImagesById out;
    for (const json::value& value : array_of(document, "images")) {
        if (!value.is_object()) return bad("it is not an object");
        TRY(Image image, decode_image(value.get_object()));
        std::string id = image.id;
        out.insert_or_assign(std::move(id), std::move(image));
    }
    return out;
}

json::object encode_offer(const Offer& offer) {
    json::array layers;
    for (const auto& layer : offer.layers) {
        json::object one;
        one["diff_id"] = layer.diff_id;
        one["blob"] = layer.blob;
        one["size_bytes"] = layer.size_bytes;
        layers.push_back(std::move(one));
    }
    json::object out;
    out["image"] = encode_image(offer.image);
    out["layers"] = std::move(layers);
    return out;
}

Result<Offer> decode_offer(const json::object& object) {
    Offer out;
    TRY(out.image, decode_image(object_of(object, "image")));
    out.image.layers.clear();
    // All of it stays in memory and in the index, which every change writes anew.
    if (json::serialize(encode_image(out.image)).size() > record_bytes_max)
        return Error(Code::too_large,
                     "image configuration: command, environment and what else containers are started with "
                     "are larger than 256 KiB");
    for (const json::value& value : array_of(object, "layers")) {
        if (!value.is_object()) return bad("a layer is not an object");
        const json::object& one = value.get_object();
        OfferedLayer layer{text_of(one, "diff_id"), text_of(one, "blob"), number_of(one, "size_bytes")};
        if (!is_digest(layer.diff_id) || !is_digest(layer.blob) || layer.size_bytes < 0) return bad("a layer is not valid");
        out.layers.push_back(std::move(layer));
        if (out.layers.size() > layers_max) return bad("it has more than 127 layers");
    }
    if (out.layers.empty()) return bad("it has no layer");
    return out;
}

std::vector<std::string> chain_ids(const std::vector<OfferedLayer>& layers) {
    std::vector<std::string> out;
    for (const auto& layer : layers)
        out.push_back(out.empty() ? layer.diff_id : sha256_of(fmt::format("{} {}", out.back(), layer.diff_id)));
    return out;
}

std::string render_json(const Image& image) { return json::serialize(encode_image(image)); }

std::string_view phase_name(Progress::Phase phase) {
    switch (phase) {
        case Progress::Phase::resolving: return "resolving";
        case Progress::Phase::reading: return "reading";
        case Progress::Phase::downloading: return "downloading";
        case Progress::Phase::waiting: return "waiting";
        case Progress::Phase::unpacking: return "unpacking";
        case Progress::Phase::done: return "done";
    }
    return "done";
}

}  // namespace orilla::images

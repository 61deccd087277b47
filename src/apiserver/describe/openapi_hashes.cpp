#include "describe/openapi.hpp"
#include "describe/openapi_schemas.hpp"
#include "orilla/schema/codec.hpp"

namespace orilla::apiserver {

void OpenApiHashes::follow_kinds() {
    if (revision_ == kinds_.revision()) return;
    revision_ = kinds_.revision();
    v3_.clear();
    v2_.clear();
}

const std::map<std::string, std::string, std::less<>>& OpenApiHashes::all_v3() {
    follow_kinds();
    if (!v3_.empty()) return v3_;
    for (const api::KindInfo& kind : kinds_.all()) v3_.try_emplace(openapi_document_path(kind));
    for (auto& [path, hash] : v3_) hash = hash_openapi(render_openapi_v3(kinds_, path));
    return v3_;
}

std::string OpenApiHashes::find_v3(std::string_view path) {
    const auto& all = all_v3();
    const auto found = all.find(path);
    return found == all.end() ? std::string() : found->second;
}

const std::string& OpenApiHashes::v2() {
    follow_kinds();
    if (v2_.empty()) v2_ = hash_openapi(render_openapi_v2(kinds_));
    return v2_;
}

std::string OpenApiHashes::render_v3_index() {
    std::string out = "{\"paths\":{";
    for (const auto& [path, hash] : all_v3()) {
        if (out.back() != '{') out += ',';
        api::append_json_string(out, path);
        out += ":{\"serverRelativeURL\":\"/openapi/v3/" + path + "?hash=" + hash + "\"}";
    }
    return out + "}}\n";
}

}  // namespace orilla::apiserver

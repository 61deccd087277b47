#include "rest/images_api.hpp"

#include <fmt/core.h>

#include "orilla/schema/codec.hpp"
#include "orilla/schema/values.hpp"
#include "request/status.hpp"

namespace orilla::apiserver {

namespace {
std::string json_string(std::string_view text) {
    std::string out;
    api::append_json_string(out, text);
    return out;
}

constexpr int64_t progress_interval_ms = 100;

void append_image(std::string& out, const ImageInfo& image) {
    out += "{\"id\":";
    api::append_json_string(out, image.id);
    out += ",\"names\":[";
    for (const std::string& name : image.names) {
        if (out.back() != '[') out += ',';
        api::append_json_string(out, name);
    }
    out += "],\"sizeBytes\":" + std::to_string(image.size_bytes);
    if (image.created_wall_s != 0) out += fmt::format(",\"created\":\"{}\"", api::Time(image.created_wall_s).format());
    out += image.in_use ? ",\"inUse\":true}" : ",\"inUse\":false}";
}

std::string render_images(std::string_view member, const std::vector<ImageInfo>& images) {
    std::string out = "{\"" + std::string(member) + "\":[";
    for (const ImageInfo& image : images) {
        if (out.back() != '[') out += ',';
        append_image(out, image);
    }
    return out + "]}\n";
}

std::string render_progress(const ImageProgress& progress) {
    std::string layers;
    for (const LayerProgress& layer : progress.layers)
        layers += fmt::format(R"({}{{"digest":{},"status":{},"doneBytes":{},"totalBytes":{}}})", layers.empty() ? "" : ",",
                              json_string(layer.digest), json_string(layer.status), layer.done_bytes, layer.total_bytes);
    return fmt::format(R"({{"status":{},"doneBytes":{},"totalBytes":{},"layersDone":{},"layersTotal":{},"layers":[{}]}})"
                       "\n",
                       json_string(progress.status), progress.done_bytes, progress.total_bytes, progress.layers_done,
                       progress.layers_total, layers);
}

/// Runs a pull or an import and tells of it; when its client goes, the work is given up.
class ImageWork final : public http::ByteStream {
  public:
    explicit ImageWork(loop::Loop& loop) : loop_(loop), wake_(loop), scope_(loop) {}

    void pull(ImageService& images, std::string name) { scope_.spawn(run_pull(images.pull(std::move(name), listener()))); }
    void import(ImageService& images, std::string path, std::string name) {
        scope_.spawn(run_import(images.import(std::move(path), std::move(name), listener())));
    }

    Task<Result<bool>> next(std::string* out) override {
        while (!progress_ && last_line_.empty() && !done_) co_await wake_.wait();
        if (progress_) *out += render_progress(*progress_);
        progress_.reset();
        *out += last_line_;
        last_line_.clear();
        co_return !out->empty();
    }

  private:
    ImageProgressFn listener() {
        return [this](const ImageProgress& progress) { note(progress); };
    }

    /// Only the latest counts: a slow reader misses steps, not the end.
    void note(const ImageProgress& progress) {
        const bool new_step = progress.status != last_status_;
        if (!new_step && loop_.now_ms() < next_progress_ms_) return;
        last_status_ = progress.status;
        next_progress_ms_ = loop_.now_ms() + progress_interval_ms;
        progress_ = progress;
        wake_.notify_all();
    }

    Task<void> run_pull(Task<Result<ImageInfo>> task) {
        auto image = co_await std::move(task);
        if (image) finish(render_images("images", {*image}));
        else fail(image.error());
    }

    Task<void> run_import(Task<Result<std::vector<ImageInfo>>> task) {
        auto images = co_await std::move(task);
        if (images) finish(render_images("images", *images));
        else fail(images.error());
    }

    void fail(const Error& error) {
        std::string status = render_status(error);
        status.pop_back();
        finish("{\"error\":" + status + "}\n");
    }
    void finish(std::string line) {
        last_line_ = std::move(line);
        done_ = true;
        wake_.notify_all();
    }

    loop::Loop& loop_;
    loop::Event wake_;
    std::optional<ImageProgress> progress_;
    std::string last_status_;
    std::string last_line_;
    int64_t next_progress_ms_ = 0;
    bool done_ = false;
    loop::Scope scope_;  ///< last: its tasks use the rest
};

Result<std::string> required(const http::Query& query, std::string_view name) {
    const std::string_view value = query.get(name);
    if (value.empty()) return Error(Code::bad_request, fmt::format("the parameter {} is missing", name));
    return std::string(value);
}

Result<http::Response> start_work(Rest& rest, const http::Query& query, bool is_pull) {
    auto work = std::make_unique<ImageWork>(rest.loop);
    if (is_pull) {
        TRY(auto name, required(query, "name"));
        work->pull(*rest.images, std::move(name));
    } else {
        TRY(auto path, required(query, "path"));
        if (!path.starts_with('/')) return Error(Code::bad_request, "path: must be absolute");
        work->import(*rest.images, std::move(path), std::string(query.get("name")));
    }
    http::Response response;
    response.content_type = "application/x-ndjson";
    response.stream = std::move(work);
    return response;
}
}  // namespace

Task<Result<http::Response>> serve_images(Rest& rest, const http::Request& request, std::vector<std::string> segments) {
    if (!rest.images) co_return Error(Code::unavailable, "images: this server has no image store");
    if (segments.size() > 1) co_return no_such_path();
    auto query = http::Query::parse(request.query);
    if (!query) co_return std::move(query).error();
    const std::string action = segments.empty() ? "" : segments[0];
    const bool is_get = request.method == http::Method::get || request.method == http::Method::head;
    if (action.empty() && is_get)
        co_return http::Response(200, "application/json", render_images("items", rest.images->list()));
    if (action.empty() && request.method == http::Method::delete_) {
        auto name = required(*query, "name");
        if (!name) co_return std::move(name).error();
        CO_TRY_VOID(rest.images->remove(std::move(*name)));
        co_return success_response(200);
    }
    if (action != "pull" && action != "import" && action != "prune" && !action.empty()) co_return no_such_path();
    if (action.empty() || request.method != http::Method::post) co_return no_such_method();
    if (action != "prune") co_return start_work(rest, *query, action == "pull");
    CO_TRY(auto removed, rest.images->prune());
    co_return http::Response(200, "application/json", render_images("items", removed));
}

}  // namespace orilla::apiserver

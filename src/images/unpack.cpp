#include <fcntl.h>
#include <fmt/core.h>
#include <linux/openat2.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "acquire.hpp"
#include "layer_path.hpp"
#include "limits.hpp"
#include "orilla/base/log.hpp"
#include "worker.hpp"
#include "worker_fds.hpp"

namespace orilla::images {

namespace {

constexpr int64_t unpack_ms_max = 60 * 60'000;  ///< 32 GiB on a slow card
constexpr std::string_view leaning_suffix = "-c";

/// Moves an unfinished directory to the trash unless it was adopted.
class WorkGuard {
  public:
    WorkGuard(State& state, std::string name) : state_(state), name_(std::move(name)) {}
    ~WorkGuard() {
        if (name_.empty()) return;
        state_.content.discard_work(name_);
        state_.sweep();
    }
    WorkGuard(const WorkGuard&) = delete;
    WorkGuard& operator=(const WorkGuard&) = delete;
    void adopted() { name_.clear(); }

  private:
    State& state_;
    std::string name_;
};

/// The privileged half of an opaque directory: the unpacker, which named it, may not set trusted attributes. Nothing it
/// says can lead this outside of the layer.
Result<void> mark_opaque_dirs(int layer_fd, const std::vector<std::string>& dirs) {
    for (const auto& path : dirs) {
        open_how how{};
        how.flags = O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
        how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_XDEV;
        UniqueFd fd(static_cast<int>(syscall(SYS_openat2, layer_fd, path.c_str(), &how, sizeof how)));
        // A path through a symlink of this layer: the directory is named again, or it is not below any other layer's.
        if (!fd && (errno == ELOOP || errno == ENOENT)) continue;
        if (!fd) return Error::from_errno("open " + printable(path), errno);
        if (fsetxattr(fd.get(), "trusted.overlay.opaque", "y", 1, 0) != 0)
            return Error::from_errno(fmt::format("mark {} opaque", printable(path)), errno);
    }
    return ok();
}

struct UnpackSpec {
    OfferedLayer layer;
    std::string chain_id;
    std::vector<std::string> lower;  ///< directories, topmost first
};

loop::Task<Result<json::object>> talk_to_unpacker(State& state, UnpackSpec spec, int work_fd) {
    CO_CHECK(const UniqueFd blob, state.content.open_blob(spec.layer.blob));
    std::vector<UniqueFd> lower;
    std::vector<std::pair<int, int>> fds = {{work_fd, directory_fd}, {blob.get(), source_fd}};
    for (const auto& name : spec.lower) {
        CO_CHECK(UniqueFd fd, state.content.open_layer(name));
        fds.emplace_back(fd.get(), first_lower_fd + static_cast<int>(lower.size()));
        lower.push_back(std::move(fd));
    }
    CO_CHECK(const auto worker, Worker::start(state.loop, state.options.program, "unpacker", std::move(fds)));
    json::object request;
    request["blob"] = spec.layer.blob;
    request["diff_id"] = spec.layer.diff_id;
    request["lowers"] = static_cast<int64_t>(lower.size());
    CO_TRY_VOID(worker->send(std::move(request)));
    CO_TRY(const json::object message, worker->receive(unpack_ms_max));
    const json::object report = object_of(message, "report");
    const auto opaque_dirs = texts_of(report, "opaque_dirs");
    if (opaque_dirs.size() > opaque_dirs_max) co_return Error(Code::internal, "the unpacker named too many directories");
    auto mark = [work_fd, opaque_dirs] { return mark_opaque_dirs(work_fd, opaque_dirs); };
    AWAIT(auto marked, loop::run_on(state.disk, state.loop, std::move(mark)));
    if (!marked) co_return std::move(marked).error();
    json::object go_on;
    go_on["marked"] = true;
    CO_TRY_VOID(worker->send(std::move(go_on)));
    CO_TRY(const json::object done, worker->receive(unpack_ms_max));
    co_return report;
}

loop::Task<Result<Layer>> unpack_one(State& state, UnpackSpec spec) {
    CO_CHECK(const auto work, state.content.new_work());
    WorkGuard guard(state, work.name);
    CO_TRY(const json::object report, talk_to_unpacker(state, spec, work.fd.get()));
    if (const int64_t dropped = number_of(report, "devices_dropped"))
        log::info(fmt::format("layer {}: {} device nodes left out", spec.layer.diff_id, dropped));
    Layer layer;
    layer.diff_id = spec.layer.diff_id;
    const bool leans = flag_of(report, "leans_on_lower");
    layer.directory = leans ? spec.chain_id.substr(7) + std::string(leaning_suffix) : spec.layer.diff_id.substr(7);
    layer.size_bytes = number_of(report, "size_bytes");
    layer.hides_lower = flag_of(report, "hides_lower");
    CO_CHECK_VOID(state.content.adopt_work(work.name, layer.directory));
    guard.adopted();
    state.known_layers[layer.directory] = layer;
    co_return layer;
}

std::string present_layer(const State& state, const std::string& diff_id, const std::string& chain_id) {
    const std::string own = diff_id.substr(7), leaning = chain_id.substr(7) + std::string(leaning_suffix);
    if (state.known_layers.contains(own)) return own;
    return state.known_layers.contains(leaning) ? leaning : std::string();
}

}  // namespace

OfferPins::OfferPins(State& state, const Offer& offer) : state_(state) {
    for (const auto& layer : offer.layers) {
        layers_.push_back(layer.diff_id);
        blobs_.push_back(layer.blob);
        state_.pinned_layers.add(layer.diff_id);
        state_.pinned_blobs.add(layer.blob);
    }
}

OfferPins::~OfferPins() {
    for (const auto& layer : layers_) state_.pinned_layers.remove(layer);
    for (const auto& blob : blobs_) state_.pinned_blobs.remove(blob);
}

std::vector<std::string> present_layers(const State& state, const Offer& offer) {
    const auto chains = chain_ids(offer.layers);
    std::vector<std::string> out;
    for (size_t i = 0; i < chains.size(); ++i) out.push_back(present_layer(state, offer.layers[i].diff_id, chains[i]));
    return out;
}

loop::Task<Result<std::vector<Layer>>> unpack_layers(State& state, Offer offer, BlobSource& source, ProgressSink progress) {
    const auto chains = chain_ids(offer.layers);
    std::vector<Layer> layers;
    std::vector<std::string> lower;  // topmost first
    for (size_t i = 0; i < offer.layers.size(); ++i) {
        const OfferedLayer& wanted = offer.layers[i];
        std::string present = present_layer(state, wanted.diff_id, chains[i]);
        // Before the lock: whoever has to wait for a slow registry must not keep others from a layer that they have.
        if (present.empty()) CO_TRY_VOID(source.ready(wanted.blob));
        // Another image that brings the same layer may be at it: then this waits, and finds it done.
        AWAIT(const Pass pass, state.unpacks.enter(wanted.diff_id));
        present = present_layer(state, wanted.diff_id, chains[i]);
        if (present.empty()) {
            Progress step{Progress::Phase::unpacking, wanted.blob, 0, wanted.size_bytes, ""};
            if (progress) progress(step);
            UnpackSpec spec{wanted, chains[i], lower};
            AWAIT(auto layer, unpack_one(state, std::move(spec)));
            if (!layer) co_return std::move(layer).error().with_context("layer " + wanted.blob);
            present = layer->directory;
        }
        Progress step{Progress::Phase::done, wanted.blob, wanted.size_bytes, wanted.size_bytes, ""};
        if (progress) progress(step);
        layers.push_back(state.known_layers.at(present));
        if (layers.back().hides_lower) lower.clear();
        lower.insert(lower.begin(), present);
    }
    co_return layers;
}

namespace {
/// With the names and digests under which it was known before.
void put_in(ImagesById& images, Image image, const std::vector<std::string>& names) {
    if (const auto known = images.find(image.id); known != images.end()) {
        image.names = known->second.names;
        for (const auto& digest : known->second.repo_digests)
            if (std::find(image.repo_digests.begin(), image.repo_digests.end(), digest) == image.repo_digests.end())
                image.repo_digests.push_back(digest);
    }
    std::sort(image.repo_digests.begin(), image.repo_digests.end());
    const std::string id = image.id;
    images.insert_or_assign(id, std::move(image));
    for (const auto& name : names) move_name(images, name, id);
}

/// As whoever asked for it knows it, whatever other names it has.
Image named(Image image, const std::vector<std::string>& names) {
    if (!names.empty()) image.names = names;
    return image;
}
}  // namespace

void drop_blobs(State& state, const Offer& offer) {
    // Those that another running operation pinned as well are still wanted.
    for (const auto& layer : offer.layers)
        if (state.pinned_blobs.count(layer.blob) <= 1) state.content.drop_blob(layer.blob);
}

loop::Task<Result<Image>> record_image(State& state, Offer offer, std::vector<Layer> layers) {
    for (const auto& layer : layers)
        if (!state.known_layers.contains(layer.directory))
            co_return Error(Code::unavailable, fmt::format("layer {} was found damaged meanwhile: try again", layer.diff_id));
    Image image = offer.image;
    image.layers = std::move(layers);
    image.size_bytes = 0;
    for (const auto& layer : image.layers) image.size_bytes += layer.size_bytes;
    const auto names = std::exchange(image.names, {});
    const std::string id = image.id;
    State::Change change = [image, names](ImagesById& images) {
        put_in(images, image, names);
        return ok();
    };
    const auto known = state.images.find(id);
    if (known != state.images.end()) {
        // A pull of what is here already writes nothing.
        ImagesById same = state.images;
        put_in(same, image, names);
        if (render_index(same) == render_index(state.images)) co_return named(known->second, names);
    }
    CO_TRY_VOID(state.commit(std::move(change)));
    co_return named(state.images.at(id), names);
}

}  // namespace orilla::images

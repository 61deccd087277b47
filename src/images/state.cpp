#include "state.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "damage.hpp"
#include "limits.hpp"
#include "orilla/base/log.hpp"
#include "worker.hpp"
#include "worker_fds.hpp"

namespace orilla::images {

namespace {
constexpr size_t id_prefix_min = 4;  ///< hex digits
constexpr int64_t sweep_ms_max = 30 * 60'000;

bool has(const std::vector<std::string>& list, const std::string& text) {
    return std::find(list.begin(), list.end(), text) != list.end();
}

bool is_hex(std::string_view text) { return text.find_first_not_of("0123456789abcdef") == std::string_view::npos; }

/// A whole id, or so much of one that only one image has it.
const Image* find_by_id(const ImagesById& images, std::string_view text) {
    const bool prefixed = text.starts_with("sha256:");
    if (prefixed) text.remove_prefix(7);
    if (text.size() < id_prefix_min || text.size() > 64 || !is_hex(text)) return nullptr;
    const Image* found = nullptr;
    for (const auto& [id, image] : images) {
        if (!std::string_view(id).substr(7).starts_with(text)) continue;
        if (found) return nullptr;
        found = &image;
    }
    return found;
}
}  // namespace

std::set<std::string> PinSet::keys() const {
    std::set<std::string> out;
    for (const auto& [key, count] : counts_) out.insert(key);
    return out;
}

State::State(loop::Loop& loop_in, loop::Executor& disk_in, ImagesOptions options_in)
    : loop(loop_in),
      disk(disk_in),
      options(std::move(options_in)),
      commits(loop_in, 1),
      imports(loop_in, 1),
      pulls(loop_in, {}),
      names(loop_in),
      unpacks(loop_in),
      swept(loop_in),
      blob_timer_(loop_in),
      background_(loop_in) {}

Result<void> State::open() {
    TRY_VOID(content.open(options.directory, options.worker_uid));
    TRY(images, content.read_index());
    std::erase_if(images, [this](const auto& item) {
        const auto& layers = item.second.layers;
        const bool whole = std::all_of(layers.begin(), layers.end(),
                                       [this](const Layer& layer) { return content.has_layer(layer.directory); });
        if (!whole) log::warning(fmt::format("image {} lost a layer directory and is forgotten", item.first));
        return !whole;
    });
    std::set<std::string> kept;
    for (const auto& [id, image] : images)
        for (const auto& layer : image.layers) {
            kept.insert(layer.directory);
            known_layers[layer.directory] = layer;
        }
    content.collect(kept, content.index_was_broken());
    sweep_blobs();
    return ok();
}

void State::sweep_blobs() {
    const BlobsInUse in_use{pinned_blobs.keys(), imports_running > 0};
    blob_timer_.disarm();
    if (!content.sweep_blobs(in_use, loop.clock().wall_s())) return;
    // Looked at again when the newest of them has had its time, should no pull come until then.
    blob_timer_.arm_after((partial_kept_s_max + 1) * 1000, [this] { sweep_blobs(); });
}

const Image* State::find(std::string_view text) const {
    const auto reference = parse_reference(text);
    if (reference) {
        const std::string by_digest = fmt::format("{}@{}", reference->repository(), reference->digest);
        for (const auto& [id, image] : images) {
            if (reference->digest.empty() && has(image.names, reference->name())) return &image;
            if (!reference->digest.empty() && has(image.repo_digests, by_digest)) return &image;
        }
    }
    return find_by_id(images, text);
}

loop::Task<Result<void>> State::commit(Change change) {
    AWAIT(const Pass pass, commits.enter());
    ImagesById next = images;
    CO_CHECK_VOID(change(next));
    std::string text = render_index(next);
    auto write = [this, text] { return content.write_index(text); };
    AWAIT(auto written, loop::run_on(disk, loop, std::move(write)));
    if (!written) co_return std::move(written).error().with_context("save the image index");
    images = std::move(next);
    co_return ok();
}

int64_t State::collect_layers() {
    std::set<std::string> kept;
    for (const auto& [id, image] : images)
        for (const auto& layer : image.layers) kept.insert(layer.directory);
    int64_t reclaimed_bytes = 0;
    std::erase_if(known_layers, [&](const auto& item) {
        if (kept.contains(item.first) || pinned_layers.contains(item.second.diff_id)) return false;
        reclaimed_bytes += item.second.size_bytes;
        content.discard_layer(item.first);
        return true;
    });
    sweep();
    return reclaimed_bytes;
}

void State::forget_layer(const std::string& directory) {
    known_layers.erase(directory);
    content.discard_layer(directory);
}

void State::start_check() {
    checking_ = true;
    background_.spawn(run_check());
}

loop::Task<void> State::run_check() {
    AWAIT_VOID(drop_damaged_images(*this));
    checking_ = false;
    swept.notify_all();
}

void State::sweep() {
    if (sweeping_ || !content.has_trash()) return;
    sweeping_ = true;
    background_.spawn(run_sweeper());
}

loop::Task<void> State::run_sweeper() {
    bool good = true;
    while (good && content.has_trash()) {
        auto worker = Worker::start(loop, options.program, "sweeper", {{content.trash_fd(), directory_fd}});
        Result<json::object> answer = Error(Code::internal, "");
        if (worker) {
            AWAIT(answer, (*worker)->receive(sweep_ms_max));
        } else {
            answer = std::move(worker).error();
        }
        good = answer.has_value();
        // Tried again with the next image that goes, and at the next start.
        if (!good) log::warning("empty the image trash: " + answer.error().message());
    }
    sweeping_ = false;
    swept.notify_all();
}

void move_name(ImagesById& images, const std::string& name, const std::string& id) {
    for (auto& [other_id, image] : images) std::erase(image.names, name);
    auto& names = images.at(id).names;
    names.insert(std::upper_bound(names.begin(), names.end(), name), name);
}

}  // namespace orilla::images

#include "damage.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <cerrno>
#include <map>
#include <memory>

#include "layer_check.hpp"
#include "orilla/base/log.hpp"

namespace orilla::images {

namespace {

constexpr size_t entries_at_once = 500;  ///< a few milliseconds of the disk thread

/// Of us, not of the disk.
bool is_shortage(const Error& error) {
    return error.error_number() == EMFILE || error.error_number() == ENFILE || error.error_number() == ENOMEM;
}

/// What the layer lost; empty when it is whole.
loop::Task<std::string> find_damage(State& state, Layer layer) {
    state.pinned_layers.add(layer.diff_id);  // whatever happens meanwhile, this very directory stays
    const Pass pinned([&state, id = layer.diff_id] { state.pinned_layers.remove(id); });
    auto opened = state.content.open_layer(layer.directory);
    if (!opened) co_return is_shortage(opened.error()) ? std::string() : opened.error().message();
    auto check = std::make_shared<LayerCheck>(std::move(*opened));
    for (bool ended = false; !ended;) {
        auto looking = loop::run_on(state.disk, state.loop, [check] { return check->look(entries_at_once); });
        auto looked = co_await std::move(looking);
        if (!looked) co_return is_shortage(looked.error()) ? std::string() : looked.error().message();
        ended = *looked;
    }
    if (check->size_bytes() == layer.size_bytes) co_return std::string();
    co_return fmt::format("its files have {} of {} bytes", check->size_bytes(), layer.size_bytes);
}

using Damages = std::map<std::string, std::string>;  ///< layer directory: what it lost

bool is_damaged(const Image& image, const Damages& damages) {
    for (const Layer& layer : image.layers) {
        const auto damage = damages.find(layer.directory);
        if (damage == damages.end()) continue;
        log::error(
            fmt::format("image {} is damaged (layer {}: {}) and is forgotten: it is pulled again when a pod needs it; if it "
                        "was imported, import it again",
                        image.names.empty() ? image.id : image.names[0], layer.diff_id, damage->second));
        return true;
    }
    return false;
}

}  // namespace

loop::Task<void> drop_damaged_images(State& state) {
    Damages damages;
    const auto layers = state.known_layers;  // those of the start: what comes later was written by us, and synced
    for (const auto& [directory, layer] : layers) {
        if (!state.known_layers.contains(directory)) continue;
        AWAIT(std::string damage, find_damage(state, layer));
        if (!damage.empty()) damages.emplace(directory, std::move(damage));
    }
    if (!damages.empty()) {
        State::Change change = [&damages](ImagesById& images) {
            std::erase_if(images, [&damages](const auto& item) { return is_damaged(item.second, damages); });
            return ok();
        };
        auto committing = state.commit(std::move(change));
        if (auto committed = co_await std::move(committing); !committed) {
            log::error("forget damaged images: " + committed.error().message());
            co_return;
        }
        for (const auto& [directory, damage] : damages) state.forget_layer(directory);
    }
    // Layers that nobody wants were kept while they were looked at.
    state.collect_layers();
}

}  // namespace orilla::images

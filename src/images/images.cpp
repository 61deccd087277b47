#include "orilla/images/images.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "acquire.hpp"
#include "orilla/base/log.hpp"

namespace orilla::images {

class Images::Impl {
  public:
    Impl(loop::Loop& loop, loop::Executor& disk, ImagesOptions options) : state(loop, disk, std::move(options)) {}

    std::set<std::string> used_ids() const {
        std::set<std::string> ids;
        for (const auto& name : state.in_use ? state.in_use() : std::vector<std::string>())
            if (const Image* image = state.find(name)) ids.insert(image->id);
        return ids;
    }
    std::set<std::string> used_names() const {
        std::set<std::string> names;
        for (const auto& name : state.in_use ? state.in_use() : std::vector<std::string>())
            if (const auto reference = parse_reference(name)) names.insert(reference->name());
        return names;
    }
    void take_out(ImagesById& images, const std::set<std::string>& ids, Removed& removed) const;
    loop::Task<Result<Removed>> untag(std::string name);
    loop::Task<Result<Removed>> remove_images(std::set<std::string> ids);

    State state;
};

Images::Images(loop::Loop& loop, loop::Executor& disk, ImagesOptions options)
    : impl_(std::make_unique<Impl>(loop, disk, std::move(options))) {}
Images::~Images() = default;

Result<void> Images::open() {
    auto opened = impl_->state.open();
    if (!opened) return std::move(opened).error().with_context("open the image store");
    impl_->state.sweep();
    impl_->state.start_check();
    return ok();
}

void Images::set_in_use(std::function<std::vector<std::string>()> in_use) { impl_->state.in_use = std::move(in_use); }

const Image* Images::find(std::string_view image) const { return impl_->state.find(image); }

std::vector<Image> Images::list() const {
    std::vector<Image> out;
    for (const auto& [id, image] : impl_->state.images) out.push_back(image);
    std::sort(out.begin(), out.end(), [](const Image& a, const Image& b) {
        const std::string_view x = a.names.empty() ? a.id : a.names[0], y = b.names.empty() ? b.id : b.names[0];
        return a.names.empty() != b.names.empty() ? b.names.empty() : x < y;
    });
    return out;
}

std::vector<std::string> Images::layer_paths(const Image& image) const {
    std::vector<std::string> out;
    for (auto layer = image.layers.rbegin(); layer != image.layers.rend(); ++layer) {
        out.push_back(impl_->state.content.layer_path(layer->directory));
        if (layer->hides_lower) break;
    }
    return out;
}

int64_t Images::disk_usage_bytes() const {
    int64_t bytes = 0;
    for (const auto& [name, layer] : impl_->state.known_layers) bytes += layer.size_bytes;
    return bytes;
}

loop::Task<Result<Image>> Images::pull(PullRequest request) { return acquire_pull(impl_->state, std::move(request)); }

loop::Task<Result<std::vector<Image>>> Images::import_archive(UniqueFd source, ImportRequest request) {
    return acquire_import(impl_->state, std::move(source), std::move(request));
}

/// One name of several goes: the image stays.
loop::Task<Result<Removed>> Images::Impl::untag(std::string name) {
    State::Change change = [name](ImagesById& images) {
        for (auto& [id, image] : images) std::erase(image.names, name);
        return ok();
    };
    CO_TRY_VOID(state.commit(std::move(change)));
    Removed removed;
    removed.untagged.push_back(name);
    co_return removed;
}

/// Inside the change, because a pod may have come while another change was written.
void Images::Impl::take_out(ImagesById& images, const std::set<std::string>& ids, Removed& removed) const {
    const auto used = used_ids();
    for (const auto& id : ids) {
        const auto at = images.find(id);
        if (at == images.end() || used.contains(id)) continue;
        removed.untagged.insert(removed.untagged.end(), at->second.names.begin(), at->second.names.end());
        removed.deleted.push_back(id);
        images.erase(at);
    }
}

loop::Task<Result<Removed>> Images::Impl::remove_images(std::set<std::string> ids) {
    Removed removed;
    State::Change change = [this, ids, &removed](ImagesById& images) {
        take_out(images, ids, removed);
        return ok();
    };
    CO_TRY_VOID(state.commit(std::move(change)));
    removed.reclaimed_bytes = state.collect_layers();
    co_return removed;
}

namespace {
Error about(const std::string& image, Code code, const std::string& what) {
    return Error(code, fmt::format("image \"{}\" {}", image, what)).with_target({"", "image", image});
}
}  // namespace

loop::Task<Result<Removed>> Images::remove(RemoveRequest request) {
    const Image* image = impl_->state.find(request.image);
    if (!image) co_return about(request.image, Code::not_found, "not found");
    const std::string id = image->id;
    const auto reference = parse_reference(request.image);
    const bool by_name = reference && reference->digest.empty() &&
                         std::find(image->names.begin(), image->names.end(), reference->name()) != image->names.end();
    // The name that a pod says stays as well: its next container has to find the image.
    const bool name_used = by_name && impl_->used_names().contains(reference->name());
    if (name_used || (impl_->used_ids().contains(id) && (!by_name || image->names.size() == 1)))
        co_return about(request.image, Code::conflict, "is in use by a pod: delete the pod first");
    if (by_name && image->names.size() > 1) {
        CO_RETURN_AWAIT(impl_->untag(reference->name()));
    }
    if (!by_name && image->names.size() > 1 && !request.force)
        co_return about(request.image, Code::conflict,
                        fmt::format("has {} names: remove them one by one, or use --force", image->names.size()));
    AWAIT(auto removed, impl_->remove_images({id}));
    if (removed && removed->deleted.empty())
        co_return about(request.image, Code::conflict, "is in use by a pod: delete the pod first");
    co_return removed;
}

loop::Task<Result<Removed>> Images::prune(bool all) {
    std::set<std::string> ids;
    const auto used = impl_->used_ids();
    for (const auto& [id, image] : impl_->state.images)
        if (!used.contains(id) && (all || image.names.empty())) ids.insert(id);
    // Downloads that no pull is at are only good for a later one: they go, too.
    if (impl_->state.imports_running == 0) impl_->state.content.drop_idle_blobs(impl_->state.pinned_blobs.keys());
    if (ids.empty()) {
        Removed nothing;
        nothing.reclaimed_bytes = impl_->state.collect_layers();
        co_return nothing;
    }
    CO_RETURN_AWAIT(impl_->remove_images(ids));
}

loop::Task<void> Images::settled() {
    while (impl_->state.sweeping() || impl_->state.checking()) co_await impl_->state.swept.wait();
}

}  // namespace orilla::images

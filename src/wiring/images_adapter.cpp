#include "images_adapter.hpp"

#include <fcntl.h>

#include <algorithm>
#include <map>
#include <memory>

#include "orilla/schema/values.hpp"

namespace orilla::wiring {
namespace {

/// Adds up the layers' progress into what a person follows.
class ProgressSum {
  public:
    explicit ProgressSum(apiserver::ImageProgressFn sink) : sink_(std::move(sink)) {}
    void take(const images::Progress& step) {
        if (!step.layer.empty()) {
            if (!layers_.count(step.layer)) order_.push_back(step.layer);
            layers_[step.layer] = step;
        }
        apiserver::ImageProgress out;
        out.status = images::phase_name(step.phase);
        if (!step.message.empty()) out.status += ": " + step.message;
        out.layers_total = static_cast<int>(layers_.size());
        for (const auto& digest : order_) {
            const images::Progress& layer = layers_[digest];
            out.layers.push_back({digest, std::string(images::phase_name(layer.phase)), layer.bytes, layer.total_bytes});
            out.done_bytes += layer.phase == images::Progress::Phase::done ? layer.total_bytes : layer.bytes;
            out.total_bytes += layer.total_bytes;
            out.layers_done += layer.phase == images::Progress::Phase::done;
        }
        if (sink_) sink_(out);
    }

  private:
    apiserver::ImageProgressFn sink_;
    std::map<std::string, images::Progress> layers_;
    std::vector<std::string> order_;
};

images::ProgressSink sum_into(apiserver::ImageProgressFn sink) {
    auto sum = std::make_shared<ProgressSum>(std::move(sink));
    return [sum](const images::Progress& step) { sum->take(step); };
}

}  // namespace

void ImagesAdapter::set_in_use(std::function<std::vector<std::string>()> in_use) {
    in_use_ = in_use;
    images_.set_in_use(std::move(in_use));
}

apiserver::ImageInfo ImagesAdapter::to_info(const images::Image& image) const {
    apiserver::ImageInfo out;
    out.id = image.id;
    out.names = image.names;
    out.size_bytes = image.size_bytes;
    if (auto created = api::Time::parse(image.created)) out.created_wall_s = created->unix_s;
    for (const auto& used : in_use_ ? in_use_() : std::vector<std::string>()) {
        const images::Image* found = images_.find(used);
        out.in_use |= found && found->id == image.id;
    }
    return out;
}

std::vector<apiserver::ImageInfo> ImagesAdapter::list() const {
    std::vector<apiserver::ImageInfo> out;
    for (const auto& image : images_.list()) out.push_back(to_info(image));
    return out;
}

loop::Task<Result<apiserver::ImageInfo>> ImagesAdapter::pull(std::string name, apiserver::ImageProgressFn progress) {
    images::PullRequest request;
    request.image = std::move(name);
    request.on_progress = sum_into(std::move(progress));
    CO_TRY(images::Image image, images_.pull(std::move(request)));
    co_return to_info(image);
}

loop::Task<Result<std::vector<apiserver::ImageInfo>>> ImagesAdapter::import(std::string path, std::string name,
                                                                            apiserver::ImageProgressFn progress) {
    // A client names it: it may be on a mount that never answers.
    const auto open_it = [path]() -> Result<UniqueFd> {
        UniqueFd source(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
        if (!source) return Error::from_errno("open " + path, errno).with_code(Code::bad_request);
        return source;
    };
    CO_TRY(UniqueFd source, loop::run_on(files_, loop_, open_it));
    images::ImportRequest request;
    if (!name.empty()) request.names.push_back(std::move(name));
    request.on_progress = sum_into(std::move(progress));
    CO_TRY(std::vector<images::Image> imported, images_.import_archive(std::move(source), std::move(request)));
    std::vector<apiserver::ImageInfo> out;
    for (const auto& image : imported) out.push_back(to_info(image));
    co_return out;
}

loop::Task<Result<void>> ImagesAdapter::remove(std::string name_or_id) {
    images::RemoveRequest request;
    request.image = std::move(name_or_id);
    CO_TRY(images::Removed removed, images_.remove(std::move(request)));
    (void)removed;
    co_return ok();
}

loop::Task<Result<std::vector<apiserver::ImageInfo>>> ImagesAdapter::prune() {
    const std::vector<apiserver::ImageInfo> before = list();
    CO_TRY(images::Removed removed, images_.prune(true));
    std::vector<apiserver::ImageInfo> out;
    for (const auto& info : before)
        if (std::count(removed.deleted.begin(), removed.deleted.end(), info.id)) out.push_back(info);
    co_return out;
}

}  // namespace orilla::wiring

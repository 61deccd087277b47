#include "pod/container_image.hpp"

#include <fmt/core.h>

#include "orilla/images/reference.hpp"

namespace orilla::node {
namespace {
std::string shown_id(const images::Image& image) { return image.repo_digests.empty() ? image.id : image.repo_digests.front(); }
}  // namespace

void ContainerImage::found(const images::Image& image) {
    phase_ = ImagePhase::present;
    id_ = shown_id(image);
    back_off_.clear_failure();
}

const images::Image* ContainerImage::take(const api::Container& spec) {
    const images::Image* image = me_.pod.agent.ports.images.find(spec.image.view());
    if (image) id_ = shown_id(*image);
    else forget();
    return image;
}

void ContainerImage::adopt(const api::Container& spec) {
    if (!id_.empty()) return;
    if (const auto* image = me_.pod.agent.ports.images.find(spec.image.view())) id_ = shown_id(*image);
}

void ContainerImage::abandon() {
    pulls_.cancel();
    if (phase_ == ImagePhase::pulling) forget();
}

void ContainerImage::refuse(std::string_view reason, std::string_view event, const std::string& told, const std::string& why) {
    phase_ = ImagePhase::failed;
    me_.tell("Warning", event, told);
    back_off_.fail(reason, why, me_.pod.now_ms());
    // What is wrong with it was told already.
    me_.tell("Warning", "Failed", "Error: " + std::string(reason));
}

void ContainerImage::ensure(const api::Container& spec) {
    const std::string image = spec.image.str();
    if (auto parsed = images::parse_reference(image); !parsed) {
        const std::string why = fmt::format("Failed to apply default image tag \"{0}\": couldn't parse image name \"{0}\": {1}",
                                            image, parsed.error().message());
        return refuse("InvalidImageName", "InspectFailed", why, why);
    }
    const images::Image* here = me_.pod.agent.ports.images.find(image);
    if (here && spec.image_pull_policy != "Always") {
        found(*here);
        return me_.tell("Normal", "Pulled", fmt::format("Container image \"{}\" already present on machine", image));
    }
    if (spec.image_pull_policy == "Never") {
        const std::string why = fmt::format("Container image \"{}\" is not present with pull policy of Never", image);
        return refuse("ErrImageNeverPull", "ErrImageNeverPull", why, why);
    }
    phase_ = ImagePhase::pulling;
    me_.tell("Normal", "Pulling", fmt::format("Pulling image \"{}\"", image));
    pulls_.spawn(pull(image));
}

loop::Task<void> ContainerImage::pull(std::string image) {
    const int64_t started_ms = me_.pod.now_ms();
    images::PullRequest request;
    request.image = image;
    if (auto pod = me_.pod.find()) {
        AWAIT(const EnvSources sources, me_.pod.agent.api.read_sources(pod));
        request.docker_configs = find_docker_configs(pod->spec, sources);
    }
    AWAIT(auto pulled, me_.pod.agent.ports.images.pull(std::move(request)));
    if (back_off_.definition() != image) co_return;  // the spec names another one by now
    if (pulled) {
        found(*pulled);
        me_.tell("Normal", "Pulled",
                 fmt::format("Successfully pulled image \"{}\" in {}ms. Image size: {} bytes.", image,
                             me_.pod.now_ms() - started_ms, pulled->size_bytes));
    } else {
        const std::string why = pulled.error().message();
        refuse("ErrImagePull", "Failed", fmt::format("Failed to pull image \"{}\": {}", image, why), why);
    }
    me_.pod.wake();
}

}  // namespace orilla::node

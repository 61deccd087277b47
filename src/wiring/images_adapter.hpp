// The image store as the node and the API server see it.
#pragma once

#include "orilla/apiserver/ports.hpp"
#include "orilla/images/images.hpp"
#include "orilla/node/ports.hpp"

namespace orilla::wiring {

class ImagesAdapter final : public node::ImagesPort, public apiserver::ImageService {
  public:
    explicit ImagesAdapter(images::Images& images) : images_(images) {}
    /// Images that pods name: shown as in use.
    void set_in_use(std::function<std::vector<std::string>()> in_use);

    // node::ImagesPort
    std::optional<node::ImageFacts> find(const std::string& name) const override;
    Result<void> check_name(const std::string& name) const override;
    loop::Task<Result<node::ImageFacts>> pull(std::string name, std::vector<std::string> docker_configs) override;

    // apiserver::ImageService
    std::vector<apiserver::ImageInfo> list() const override;
    loop::Task<Result<apiserver::ImageInfo>> pull(std::string name, apiserver::ImageProgressFn progress) override;
    loop::Task<Result<std::vector<apiserver::ImageInfo>>> import(std::string path, std::string name,
                                                              apiserver::ImageProgressFn progress) override;
    loop::Task<Result<void>> remove(std::string name_or_id) override;
    loop::Task<Result<std::vector<apiserver::ImageInfo>>> prune() override;

  private:
    apiserver::ImageInfo to_info(const images::Image& image) const;
    images::Images& images_;
    std::function<std::vector<std::string>()> in_use_;
};

}  // namespace orilla::wiring

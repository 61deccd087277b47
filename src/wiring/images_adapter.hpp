// The image store as the node and the API server see it.
#pragma once

#include "orilla/images/images.hpp"
#include "orilla/node/ports.hpp"
#include "orilla/server/ports.hpp"

namespace orilla::wiring {

class ImagesAdapter final : public node::ImagesPort, public server::ImageService {
  public:
    explicit ImagesAdapter(images::Images& images) : images_(images) {}
    /// Images that pods name: shown as in use.
    void set_in_use(std::function<std::vector<std::string>()> in_use);

    // node::ImagesPort
    std::optional<node::ImageFacts> find(const std::string& name) const override;
    Result<void> check_name(const std::string& name) const override;
    loop::Task<Result<node::ImageFacts>> pull(std::string name, std::vector<std::string> docker_configs) override;

    // server::ImageService
    std::vector<server::ImageInfo> list() const override;
    loop::Task<Result<server::ImageInfo>> pull(std::string name, server::ImageProgressFn progress) override;
    loop::Task<Result<std::vector<server::ImageInfo>>> import(std::string path, std::string name,
                                                              server::ImageProgressFn progress) override;
    loop::Task<Result<void>> remove(std::string name_or_id) override;
    loop::Task<Result<std::vector<server::ImageInfo>>> prune() override;

  private:
    server::ImageInfo to_info(const images::Image& image) const;
    images::Images& images_;
    std::function<std::vector<std::string>()> in_use_;
};

}  // namespace orilla::wiring

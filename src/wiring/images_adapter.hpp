// The image store as the API server sees it.
#pragma once

#include "orilla/apiserver/ports.hpp"
#include "orilla/images/images.hpp"
#include "orilla/loop/io_thread.hpp"

namespace orilla::wiring {

class ImagesAdapter final : public apiserver::ImageService {
  public:
    ImagesAdapter(loop::Loop& loop, loop::Executor& files, images::Images& images)
        : loop_(loop), files_(files), images_(images) {}
    /// Images that pods name: shown as in use.
    void set_in_use(std::function<std::vector<std::string>()> in_use);

    std::vector<apiserver::ImageInfo> list() const override;
    loop::Task<Result<apiserver::ImageInfo>> pull(std::string name, apiserver::ImageProgressFn progress) override;
    loop::Task<Result<std::vector<apiserver::ImageInfo>>> import(std::string path, std::string name,
                                                                 apiserver::ImageProgressFn progress) override;
    loop::Task<Result<void>> remove(std::string name_or_id) override;
    loop::Task<Result<std::vector<apiserver::ImageInfo>>> prune() override;

  private:
    apiserver::ImageInfo to_info(const images::Image& image) const;
    loop::Loop& loop_;
    loop::Executor& files_;
    images::Images& images_;
    std::function<std::vector<std::string>()> in_use_;
};

}  // namespace orilla::wiring

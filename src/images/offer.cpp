#include "offer.hpp"

#include <fmt/core.h>
#include <algorithm>

namespace orilla::images {

Result<Offer> make_offer(OfferSource source, const Platform& host) {
    TRY(ConfigDocument document, parse_config(source.config_bytes));
    if (document.diff_ids.size() != source.layers.size())
        return Error(Code::corrupt, fmt::format("image configuration names {} layers, the manifest {}",
                                                document.diff_ids.size(), source.layers.size()));
    // Neither is always said, and then nothing can be held against the image.
    if (document.platform.os.empty()) document.platform.os = host.os;
    if (!document.platform.architecture.empty() && !runs_on(document.platform, host))
        return Error(Code::not_found, fmt::format("the image is for {}, this machine is {}", platform_name(document.platform),
                                                  platform_name(host)));
    Offer out;
    out.image.id = source.config_digest;
    out.image.names = std::move(source.names);
    out.image.repo_digests = std::move(source.repo_digests);
    out.image.architecture = document.platform.architecture;
    out.image.created = document.created;
    out.image.config = std::move(document.config);
    for (size_t i = 0; i < source.layers.size(); ++i)
        out.layers.push_back({document.diff_ids[i], source.layers[i].digest, source.layers[i].size_bytes});
    return out;
}

std::vector<std::string> repo_digests_of(const std::vector<std::string>& names, const std::vector<std::string>& digests) {
    std::vector<std::string> out;
    for (const auto& name : names) {
        const auto reference = parse_reference(name);
        if (!reference) continue;
        for (const auto& digest : digests) {
            std::string full = fmt::format("{}@{}", reference->repository(), digest);
            if (std::find(out.begin(), out.end(), full) == out.end()) out.push_back(std::move(full));
        }
    }
    return out;
}

}  // namespace orilla::images

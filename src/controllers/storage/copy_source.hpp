// What a claim's volume begins with: the data of a claim or of a VolumeSnapshot of its namespace.
#pragma once

#include <optional>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/kinds/types.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::controllers {

struct CopySource {
    std::string handle;  ///< of its data on the node's disk
    std::string shown;   ///< "claim default/data"
    int64_t bytes = 0;
};

/// Nothing when the claim is to be empty. An error says why it cannot be copied now.
Result<std::optional<CopySource>> find_copy_source(objects::Objects& objects, const api::PersistentVolumeClaim& claim);

}  // namespace orilla::controllers

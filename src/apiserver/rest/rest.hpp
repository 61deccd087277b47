// What the handlers of resources share: the rooms they reach, and the renderings that several of them need. A handler is a
// coroutine that gives a Response or an Error; the router turns the Error into a Status.
#pragma once

#include <string>
#include <string_view>

#include "orilla/apiserver/ports.hpp"
#include "orilla/http/message.hpp"
#include "orilla/http/uri.hpp"
#include "orilla/kinds/object.hpp"
#include "orilla/loop/gate.hpp"
#include "orilla/loop/io_thread.hpp"
#include "orilla/objects/evictions.hpp"
#include "orilla/objects/objects.hpp"
#include "orilla/objects/pod_logs.hpp"
#include "orilla/objects/usage_meter.hpp"
#include "orilla/schema/codec.hpp"
#include "orilla/store/reader.hpp"
#include "request/large_work.hpp"
#include "request/negotiation.hpp"
#include "request/request_info.hpp"
#include "request/resource_request.hpp"
#include "stream/shared_texts.hpp"

namespace orilla::apiserver {

using loop::Task;

/// Large answers that become YAML at a time: one object of them costs several times its size.
constexpr int large_yaml_at_once_max = 4;

/// Outlives every request.
struct Rest {
    loop::Loop& loop;
    objects::Objects& objects;
    objects::PodLogs* logs = nullptr;  ///< null: this build has none, pods/log says so
    ImageService* images = nullptr;
    objects::UsageMeter* usage = nullptr;  ///< null: nothing is measured, metrics.k8s.io says so
    loop::Executor* executor = nullptr;    ///< null: long work is done on the loop
    SharedTexts texts{};
    loop::Gate large_yaml{loop, large_yaml_at_once_max};
    objects::Evictions evictions{objects};

    store::Reader& store() { return objects.store(); }
    const api::KindRegistry& kinds() const { return objects.kinds(); }
    LargeWork large_work() const { return {loop, executor}; }
    int64_t now_s() const { return loop.clock().wall_s(); }
};

}  // namespace orilla::apiserver

// The pod agent's view of the API, over the object store.
#pragma once

#include <memory>
#include <string>

namespace orilla::objects {
class Objects;
class EventRecorder;
}  // namespace orilla::objects

namespace orilla::node {

class PodApi;

std::unique_ptr<PodApi> make_store_pod_api(objects::Objects& objects, objects::EventRecorder& events, std::string node_name);

}  // namespace orilla::node

// The pod agent's view of the API, over the object store.
#pragma once

#include <memory>
#include <string>

namespace orilla::store {
class Objects;
class EventRecorder;
}  // namespace orilla::store

namespace orilla::node {

class PodApi;

std::unique_ptr<PodApi> make_store_pod_api(store::Objects& objects, store::EventRecorder& events, std::string node_name);

}  // namespace orilla::node

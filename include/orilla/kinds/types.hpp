// Every generated API struct: Pod, Deployment, ObjectMeta, ... Member names are the JSON names in snake case; C++
// keywords get an underscore (template_, namespace_). To change one, edit src/kinds/.
#pragma once

#include "apps_v1.gen.hpp"
#include "autoscaling_v1.gen.hpp"
#include "autoscaling_v2.gen.hpp"
#include "batch_v1.gen.hpp"
#include "coordination_v1.gen.hpp"
#include "core_v1.gen.hpp"
#include "discovery_v1.gen.hpp"
#include "gateway_v1.gen.hpp"
#include "gateway_v1beta1.gen.hpp"
#include "meta_v1.gen.hpp"
#include "metrics_v1beta1.gen.hpp"
#include "networking_v1.gen.hpp"
#include "policy_v1.gen.hpp"
#include "scheduling_v1.gen.hpp"
#include "snapshot_v1.gen.hpp"
#include "storage_v1.gen.hpp"

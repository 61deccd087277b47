// The admission plug-ins: one file each, which makes it, and a row in the table of admissions.cpp, which has their order.
#pragma once

#include <memory>

#include "orilla/apiserver/admission.hpp"
#include "orilla/objects/admission.hpp"
#include "orilla/objects/objects.hpp"

namespace orilla::apiserver {

using Plugin = std::unique_ptr<objects::Admission>;

// Null: not wanted. `objects` outlives it; what it knows of other objects it reads there, as it is asked.

Plugin make_namespace_lifecycle(objects::Objects& objects, const AdmissionOptions& options);
Plugin make_service_allocation(objects::Objects& objects, const AdmissionOptions& options);
Plugin make_limit_ranges(objects::Objects& objects, const AdmissionOptions& options);
Plugin make_priority(objects::Objects& objects, const AdmissionOptions& options);
Plugin make_toleration_seconds(objects::Objects& objects, const AdmissionOptions& options);
Plugin make_storage_claims(objects::Objects& objects, const AdmissionOptions& options);
Plugin make_default_ingress_class(objects::Objects& objects, const AdmissionOptions& options);
Plugin make_resource_quotas(objects::Objects& objects, const AdmissionOptions& options);

}  // namespace orilla::apiserver

// The world of objects with the API server's admission in front of it, as every daemon has it.
#pragma once

#include "object_world.hpp"
#include "orilla/apiserver/admission.hpp"

namespace orilla::test {

struct AdmittedWorld : ObjectWorld {
    explicit AdmittedWorld(apiserver::AdmissionOptions options = {}) : admissions(objects, options) {}
    apiserver::Admissions admissions;
};

}  // namespace orilla::test

// The world of objects with the API server's admission in front of it, as every daemon has it.
#pragma once

#include "object_world.hpp"
#include "orilla/apiserver/admission.hpp"
#include "orilla/objects/quota_ledger.hpp"

namespace orilla::test {

struct AdmittedWorld : ObjectWorld {
    explicit AdmittedWorld(apiserver::AdmissionOptions options = {}) : admissions(objects, with_quotas(std::move(options))) {}
    objects::QuotaLedger quotas{loop, objects};
    apiserver::Admissions admissions;

  private:
    apiserver::AdmissionOptions with_quotas(apiserver::AdmissionOptions options) {
        options.quotas = &quotas;
        return options;
    }
};

}  // namespace orilla::test

// The plug-ins that admit what is written through a store of objects. They are made before the first write, and everybody's
// writes go through them.
#pragma once

#include <memory>
#include <string>
#include <vector>

namespace orilla::objects {
class Admission;
class Objects;
class QuotaLedger;
}  // namespace orilla::objects

namespace orilla::apiserver {

struct AdmissionOptions {
    std::string service_cidr = {};           ///< "10.43.0.0/16"; empty: Services get no addresses
    objects::QuotaLedger* quotas = nullptr;  ///< outlives the plug-ins; null: nobody counts
};

class Admissions {
  public:
    /// `objects` outlives it, and writes nothing after it.
    Admissions(objects::Objects& objects, const AdmissionOptions& options);
    ~Admissions();
    Admissions(const Admissions&) = delete;
    Admissions& operator=(const Admissions&) = delete;

  private:
    std::vector<std::unique_ptr<objects::Admission>> plugins_;
};

}  // namespace orilla::apiserver

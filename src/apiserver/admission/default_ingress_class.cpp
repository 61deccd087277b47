// The reference server's plug-in DefaultIngressClass: an Ingress that names no class gets the default one.
#include "admission/plugins.hpp"
#include "orilla/kinds/ingress_facts.hpp"
#include "orilla/kinds/well_known.hpp"

namespace orilla::apiserver {

namespace {
class DefaultIngressClass final : public objects::Admission {
  public:
    explicit DefaultIngressClass(objects::Objects& objects) : objects_(objects) {}

    bool handles(const objects::WriteInfo& write) const override {
        return write.operation == objects::Operation::create && &write.kind == &api::kind_of<api::Ingress>();
    }
    objects::Task<Result<void>> on_create(api::Object& object, const objects::AdmissionRequest&) override {
        auto& ingress = object.as<api::Ingress>();
        const bool names_one = ingress.spec.ingress_class_name.has_value() ||
                               ingress.metadata.annotations.contains(api::older_ingress_class_annotation);
        if (names_one) co_return ok();
        const auto classes = objects_.list<api::IngressClass>();
        if (const auto* chosen = api::choose_default_class(classes)) ingress.spec.ingress_class_name = chosen->metadata.name;
        co_return ok();
    }

  private:
    objects::Objects& objects_;
};
}  // namespace

Plugin make_default_ingress_class(objects::Objects& objects, const AdmissionOptions&) {
    return std::make_unique<DefaultIngressClass>(objects);
}

}  // namespace orilla::apiserver

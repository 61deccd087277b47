#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "orilla/kinds/well_known.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_storage_class(Description& out, const json::object& object, const Surroundings&) {
    const json::object& annotations = object_at(metadata_of(object), "annotations");
    const bool is_default = text_at(annotations, api::default_class_annotation) == "true" ||
                            text_at(annotations, api::older_default_class_annotation) == "true";
    out.field(0, "IsDefaultClass", is_default ? "Yes" : "No");
    out.map("Annotations", annotations);
    out.field(0, "Provisioner", text_at(object, "provisioner"));
    out.map("Parameters", object_at(object, "parameters"));
    const std::string expands = text_at(object, "allowVolumeExpansion");
    out.field(0, "AllowVolumeExpansion", expands.empty() ? "<unset>" : expands == "true" ? "True" : "False");
    out.field(0, "MountOptions", joined(array_at(object, "mountOptions")));
    out.field(0, "ReclaimPolicy", text_at(object, "reclaimPolicy"));
    out.field(0, "VolumeBindingMode", text_at(object, "volumeBindingMode"));
}

}  // namespace

const KindDescription storageclass_description{api::kind_of<api::StorageClass>, describe_storage_class};

}  // namespace orilla::cli

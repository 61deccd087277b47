#include <fmt/core.h>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "describe/storage.hpp"
#include "orilla/base/text.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

void describe_volume_affinity(Description& out, const json::object& spec) {
    const auto& terms = array_at(object_at(object_at(spec, "nodeAffinity"), "required"), "nodeSelectorTerms");
    if (terms.empty()) return out.field(0, "Node Affinity", "");
    out.line(0, "Node Affinity:\t");
    out.line(1, "Required Terms:\t");
    for (size_t i = 0; i < terms.size(); ++i) {
        std::string text;
        for (const auto& item : array_at(terms[i].get_object(), "matchExpressions")) {
            const json::object& one = item.get_object();
            text += fmt::format("{}{} {} [{}]", text.empty() ? "" : ", ", text_at(one, "key"),
                                lowered(text_at(one, "operator")), joined(array_at(one, "values"), ", "));
        }
        out.line(2, fmt::format("Term {}:\t{}", i, text));
    }
}

void describe_volume_source(Description& out, const json::object& spec) {
    out.line(0, "Source:");
    if (spec.contains("csi")) {
        const json::object& csi = object_at(spec, "csi");
        out.field(2, "Type", "CSI (a Container Storage Interface (CSI) volume source)");
        out.field(2, "Driver", text_at(csi, "driver"));
        out.line(2, "FSType:\t" + text_at(csi, "fsType"));
        out.field(2, "VolumeHandle", text_at(csi, "volumeHandle"));
        out.field(2, "ReadOnly", text_at(csi, "readOnly") == "true" ? "true" : "false");
    } else if (spec.contains("local")) {
        out.field(2, "Type", "LocalVolume (a persistent volume backed by local storage on a node)");
        out.field(2, "Path", text_at(object_at(spec, "local"), "path"));
    } else if (spec.contains("hostPath")) {
        out.field(2, "Type", "HostPath (bare host directory volume)");
        out.field(2, "Path", text_at(object_at(spec, "hostPath"), "path"));
        out.line(2, "HostPathType:\t" + text_at(object_at(spec, "hostPath"), "type"));
    }
}

void describe_volume_object(Description& out, const json::object& object, const Surroundings&) {
    const json::object &spec = object_at(object, "spec"), &claim = object_at(spec, "claimRef");
    describe_labels(out, object);
    out.line(0, "Finalizers:\t" + finalizers_text(object));
    out.line(0, "StorageClass:\t" + text_at(spec, "storageClassName"));
    out.line(0, "Status:\t" + phase_text(object));
    out.line(0, "Claim:\t" + (claim.empty() ? "" : fmt::format("{}/{}", text_at(claim, "namespace"), text_at(claim, "name"))));
    out.line(0, "Reclaim Policy:\t" + text_at(spec, "persistentVolumeReclaimPolicy"));
    out.line(0, "Access Modes:\t" + short_modes(array_at(spec, "accessModes")));
    out.field(0, "VolumeMode", text_at(spec, "volumeMode"));
    out.line(0, "Capacity:\t" + text_at(object_at(spec, "capacity"), "storage"));
    describe_volume_affinity(out, spec);
    out.line(0, "Message:\t" + text_at(object_at(object, "status"), "message"));
    describe_volume_source(out, spec);
}

}  // namespace

const KindDescription persistentvolume_description{api::kind_of<api::PersistentVolume>, describe_volume_object};

}  // namespace orilla::cli

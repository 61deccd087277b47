#include <fmt/core.h>
#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"
#include "describe/storage.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;

std::string short_modes(const json::array& modes) {
    static constexpr std::pair<std::string_view, std::string_view> words[] = {
        {"ReadWriteOnce", "RWO"}, {"ReadOnlyMany", "ROX"}, {"ReadWriteMany", "RWX"}, {"ReadWriteOncePod", "RWOP"}};
    std::string out;
    for (const auto& [mode, word] : words)
        for (const auto& one : modes)
            if (text_of(one) == mode) out.append(out.empty() ? "" : ",").append(word);
    return out;
}

std::string phase_text(const json::object& object) {
    const std::string since = text_at(metadata_of(object), "deletionTimestamp");
    return since.empty() ? text_at(object_at(object, "status"), "phase")
                         : fmt::format("Terminating (since {})", long_time(since));
}

std::string finalizers_text(const json::object& object) {
    return fmt::format("[{}]", joined(array_at(metadata_of(object), "finalizers"), " "));
}

namespace {

std::string users_of(const json::object& claim, const json::array& pods) {
    std::string out;
    for (const auto& item : pods) {
        const json::object& pod = item.get_object();
        if (text_at(metadata_of(pod), "namespace") != text_at(metadata_of(claim), "namespace")) continue;
        for (const auto& volume : array_at(object_at(pod, "spec"), "volumes"))
            if (text_at(object_at(volume.get_object(), "persistentVolumeClaim"), "claimName") ==
                text_at(metadata_of(claim), "name"))
                out.append(out.empty() ? "" : "\n\t").append(text_at(metadata_of(pod), "name"));
    }
    return out;
}

void describe_persistent_volume_claim(Description& out, const json::object& object, const Surroundings& around) {
    const json::object &spec = object_at(object, "spec"), &status = object_at(object, "status");
    out.line(0, "StorageClass:\t" + text_at(spec, "storageClassName"));
    out.line(0, "Status:\t" + phase_text(object));
    out.line(0, "Volume:\t" + text_at(spec, "volumeName"));
    describe_labels(out, object);
    out.line(0, "Finalizers:\t" + finalizers_text(object));
    const bool is_bound = !text_at(spec, "volumeName").empty();
    out.line(0, "Capacity:\t" + (is_bound ? text_at(object_at(status, "capacity"), "storage") : ""));
    out.line(0, "Access Modes:\t" + (is_bound ? short_modes(array_at(status, "accessModes")) : ""));
    out.field(0, "VolumeMode", text_at(spec, "volumeMode"));
    out.field(0, "Used By", users_of(object, around.pods));
}

}  // namespace

const KindDescription persistentvolumeclaim_description{
    api::kind_of<api::PersistentVolumeClaim>,
    describe_persistent_volume_claim,
    {api::kind_of<api::Pod>, Neighbours::Of::cluster, {}, &Surroundings::pods}};

}  // namespace orilla::cli

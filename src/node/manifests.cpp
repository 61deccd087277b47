#include "orilla/node/manifests.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <functional>

#include "orilla/base/file_system.hpp"
#include "orilla/base/log.hpp"
#include "orilla/base/read_file.hpp"
#include "orilla/kinds/codec.hpp"
#include "orilla/kinds/manifest.hpp"
#include "orilla/kinds/well_known.hpp"
#include "orilla/schema/patch.hpp"

namespace orilla::node {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

/// Not an editor's swap file.
bool is_manifest(const fs::path& path) {
    if (path.filename().native().starts_with(".")) return false;
    return path.extension() == ".yaml" || path.extension() == ".yml" || path.extension() == ".json";
}

json::object& object_in(json::object& parent, std::string_view key) {
    json::value& value = parent[key];
    if (!value.is_object()) value = json::object();
    return value.get_object();
}

/// The manifest with the annotation that the next apply compares with.
Result<std::string> with_last_applied(const std::string& manifest) {
    if (manifest.size() > manifest_document_bytes_max)
        return Error(Code::invalid, fmt::format("larger than {} as JSON", render_bytes(manifest_document_bytes_max)));
    json::parse_options options;
    options.max_depth = api::json_depth_max;
    boost::system::error_code failed;
    json::value value = json::parse(manifest, failed, {}, options);
    if (failed || !value.is_object()) return Error(Code::invalid, "no JSON object: " + failed.message());
    json::object& root = value.get_object();
    object_in(object_in(root, "metadata"), "annotations").erase(api::last_applied_annotation);
    const std::string bare = json::serialize(root) + "\n";
    if (bare.size() > manifest_applied_bytes_max)
        return Error(Code::invalid,
                     fmt::format("larger than {}: what was applied is kept in an annotation, which holds no more",
                                 render_bytes(manifest_applied_bytes_max)));
    object_in(object_in(root, "metadata"), "annotations")[api::last_applied_annotation] = bare;
    return json::serialize(root);
}

Result<api::Object> plan_object(const api::KindInfo& kind, const std::string& manifest, const objects::Stored& live) {
    const auto* before = live.object->meta().annotations.get(api::last_applied_annotation);
    TRY(std::string patch, api::make_three_way_patch(before ? before->view() : "{}", manifest, *live.entry->json, *kind.type));
    TRY(std::string patched, api::apply_strategic_patch(*live.entry->json, patch, *kind.type));
    return api::decode_object(kind, patched);
}

/// It is the box's own, like a static pod of Kubernetes: who drains the node leaves it there, and no taint drives it out.
void mark_as_static(api::Pod& pod) {
    pod.metadata.annotations[api::config_source_annotation] = "file";
    pod.metadata.annotations[api::mirror_annotation] = "manifest";
    api::Toleration any;
    any.operator_ = "Exists";
    any.effect = "NoExecute";
    auto& tolerations = pod.spec.tolerations;
    if (std::find(tolerations.begin(), tolerations.end(), any) == tolerations.end()) tolerations.push_back(std::move(any));
}

/// What is wrong with the document itself stays wrong until somebody writes another.
bool may_come_right(const Error& error) { return error.code() != Code::bad_request && error.code() != Code::invalid; }

/// The whole of a regular file; a pipe or a device would hold the thread up, or never end.
Result<std::string> read_regular_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return Error::from_errno("open " + path, errno);
    struct stat found {};
    if (::fstat(fd.get(), &found) != 0) return Error::from_errno("read " + path, errno);
    if (!S_ISREG(found.st_mode)) return Error(Code::invalid, path + ": not a regular file");
    auto content = read_fd(fd.get(), path, manifest_file_bytes_max);
    // It stays so until somebody writes another.
    if (!content && content.error().code() == Code::too_large) return Error(Code::invalid, content.error().message());
    return content;
}

struct FileReading {
    size_t content_hash = 0;
    api::ManifestReading found;
};

Result<FileReading> read_manifest_file(const std::string& path) {
    TRY(const std::string content, read_regular_file(path));
    return FileReading{std::hash<std::string>()(content), api::read_each_manifest(content, path)};
}

}  // namespace

loop::Task<Result<bool>> ManifestsDirectory::apply(api::ManifestDocument document) {
    auto annotate = [json = document.json] { return with_last_applied(json); };
    AWAIT(auto annotated, loop::run_on(executor_, loop_, std::move(annotate)));
    if (!annotated) co_return document.located(annotated.error());
    const std::string manifest = *std::move(annotated);
    CO_CHECK(api::Object object, api::decode_manifest(objects_.kinds(), document));
    const api::KindInfo& kind = object.kind();
    const std::string name = object.meta().name.str();
    std::string ns;
    if (kind.namespaced) ns = object.meta().namespace_.empty() ? "default" : object.meta().namespace_.str();
    if (name.empty())
        co_return document.located(Error(Code::invalid, "metadata.name: Required value").with_field("metadata.name"));
    AWAIT(auto live, objects_.read(kind, ns, name));
    if (!live && live.error().code() != Code::not_found) co_return std::move(live).error();
    auto planned = live ? plan_object(kind, manifest, *live) : api::decode_object(kind, manifest);
    if (!planned) co_return document.located(planned.error());
    planned->meta().namespace_ = ns;
    if (&kind == &api::kind_of<api::Pod>()) mark_as_static(planned->as<api::Pod>());
    AWAIT(auto written, live ? objects_.update(std::move(*planned)) : objects_.create(std::move(*planned)));
    if (!written) co_return document.located(written.error());
    co_return !live || written->entry->revision != live->entry->revision;
}

ManifestsDirectory::ManifestsDirectory(loop::Loop& loop, objects::Objects& objects, loop::Executor& executor,
                                       std::string directory)
    : loop_(loop),
      objects_(objects),
      executor_(executor),
      directory_(std::move(directory)),
      inotify_(std::make_shared<UniqueFd>(inotify_init1(IN_CLOEXEC | IN_NONBLOCK))),
      worker_(loop, *this, {.name = "manifests", .backoff_ms_min = 1000}),
      scope_(loop) {}

void ManifestsDirectory::start() { scope_.spawn(follow()); }

loop::Task<void> ManifestsDirectory::queue_all() {
    AWAIT(auto files, loop::run_on(executor_, loop_, [directory = directory_] { return list_names(directory); }));
    std::erase_if(files, [](const std::string& name) { return !is_manifest(name); });
    std::sort(files.begin(), files.end());
    if (files.size() > manifest_files_max) {
        log::warning(fmt::format("{}: only the first {} manifests are applied", directory_, manifest_files_max));
        files.resize(manifest_files_max);
    }
    for (const auto& file : files) worker_.queue().add(file);
}

/// The directory may be on a mount that never answers: that is the executor's to wait for, with a descriptor of its own share.
loop::Task<void> ManifestsDirectory::follow() {
    const auto watches = [inotify = inotify_, directory = directory_] {
        return *inotify && inotify_add_watch(inotify->get(), directory.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO) >= 0;
    };
    AWAIT(const bool is_there, loop::run_on(executor_, loop_, watches));
    if (!is_there) {
        log::info(fmt::format("no manifests directory {}: nothing is applied from there", directory_));
        co_return;
    }
    AWAIT_VOID(queue_all());
    loop::FdWatch watch(loop_, inotify_->get());
    alignas(inotify_event) char buffer[4096];
    for (;;) {
        const ssize_t got = ::read(inotify_->get(), buffer, sizeof buffer);
        if (got <= 0) {
            co_await watch.readable();
            continue;
        }
        bool is_overrun = false;
        for (ssize_t at = 0; at + static_cast<ssize_t>(sizeof(inotify_event)) <= got;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
            is_overrun = is_overrun || (event->mask & IN_Q_OVERFLOW);
            if (event->len > 0 && is_manifest(event->name)) worker_.queue().add_after(event->name, manifest_quiet_ms);
            at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
        }
        if (is_overrun) AWAIT_VOID(queue_all());
    }
}

loop::Task<std::vector<ManifestsDirectory::Failed>> ManifestsDirectory::apply_each(std::vector<Numbered> documents,
                                                                                   std::string path) {
    std::vector<Failed> failed;
    for (auto& one : documents) {
        co_await loop_.breathe();
        AWAIT(auto changed, apply(one.document));
        if (!changed) failed.push_back({std::move(one), std::move(changed).error()});
        else if (*changed)
            log::info(fmt::format("applied {} {} from {}", one.document.head.kind, one.document.head.name, path));
    }
    co_return failed;
}

std::vector<ManifestsDirectory::Numbered> ManifestsDirectory::still_to_do(const std::string& file, size_t content_hash,
                                                                          std::vector<api::ManifestDocument> all) const {
    const auto trouble = troubled_.find(file);
    const bool again = trouble != troubled_.end() && trouble->second.content_hash == content_hash;
    std::vector<Numbered> out;
    for (size_t i = 0; i < all.size(); ++i)
        if (!again || trouble->second.left.contains(i)) out.push_back({i, std::move(all[i])});
    return out;
}

loop::Outcome ManifestsDirectory::conclude(const std::string& file, size_t content_hash, const std::vector<Error>& faults,
                                           const std::vector<Failed>& failed) {
    Troubled& trouble = troubled_[file];
    if (trouble.content_hash != content_hash) trouble = {content_hash, 0, {}, {}};
    for (const Error& fault : faults)
        if (trouble.reported.insert(fault.message()).second) log::warning("a document is not applied: " + fault.message());
    if (failed.empty()) {
        troubled_.erase(file);
        return {};
    }
    trouble.left.clear();
    bool again = false;
    for (const auto& [what, error] : failed) {
        trouble.left.insert(what.number);
        again |= may_come_right(error);
        if (trouble.reported.insert(error.message()).second)
            log::warning(
                fmt::format("{} {} is not applied: {}", what.document.head.kind, what.document.head.name, error.message()));
    }
    if (!again) return {};
    const int doublings = std::min(trouble.tries++, 16);
    return {std::min(manifest_retry_ms_min << doublings, manifest_retry_ms_max)};
}

loop::Task<Result<loop::Outcome>> ManifestsDirectory::reconcile(std::string file) {
    const std::string path = fmt::format("{}/{}", directory_, file);
    auto read_it = [path] { return read_manifest_file(path); };
    AWAIT(auto read, loop::run_on(executor_, loop_, std::move(read_it)));
    if (!read && read.error().error_number() == ENOENT) {
        troubled_.erase(file);
        co_return loop::Outcome{};
    }
    CO_CHECK(FileReading all, std::move(read));
    std::vector<Numbered> left = still_to_do(file, all.content_hash, std::move(all.found.documents));
    std::vector<Failed> failed;
    for (int pass = 0; pass < manifest_passes_max && !left.empty(); ++pass) {
        const size_t before = left.size();
        AWAIT(failed, apply_each(std::move(left), path));
        // A namespace that stood behind its content is there now.
        if (failed.size() == before) break;
        left.clear();
        for (const auto& one : failed) left.push_back(one.what);
    }
    co_return conclude(file, all.content_hash, all.found.faults, failed);
}

}  // namespace orilla::node

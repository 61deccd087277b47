#include "manifests.hpp"

#include <fcntl.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <filesystem>
#include <functional>

#include "orilla/api/patch.hpp"
#include "orilla/base/log.hpp"

namespace orilla::wiring {
namespace json = boost::json;
namespace fs = std::filesystem;
namespace {

constexpr std::string_view last_applied = "kubectl.kubernetes.io/last-applied-configuration";

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
std::string with_last_applied(const std::string& manifest) {
    json::object root = json::parse(manifest).get_object();  // read_manifest made it: it parses
    object_in(object_in(root, "metadata"), "annotations").erase(last_applied);
    const std::string bare = json::serialize(root) + "\n";
    object_in(object_in(root, "metadata"), "annotations")[last_applied] = bare;
    return json::serialize(root);
}

Result<api::Object> plan_object(const api::KindInfo& kind, const std::string& manifest, const store::Stored& live) {
    const auto* before = live.object->meta().annotations.get(last_applied);
    TRY(std::string patch, api::make_three_way_patch(before ? before->view() : "{}", manifest, *live.entry->json, *kind.type));
    TRY(std::string patched, api::apply_strategic_patch(*live.entry->json, patch, *kind.type));
    return api::decode_object(kind, patched);
}

/// What is wrong with the document itself stays wrong until somebody writes another.
bool may_come_right(const Error& error) { return error.code() != Code::bad_request && error.code() != Code::invalid; }

/// The whole of a regular file; a pipe or a device would hold the loop up, or never end.
Result<std::string> read_regular_file(const std::string& path) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
    if (!fd) return Error::from_errno("open " + path, errno);
    struct stat found{};
    if (::fstat(fd.get(), &found) != 0) return Error::from_errno("read " + path, errno);
    if (!S_ISREG(found.st_mode)) return Error(Code::invalid, path + ": not a regular file");
    std::string content;
    char buffer[16 * 1024];
    for (;;) {
        const ssize_t got = ::read(fd.get(), buffer, sizeof buffer);
        if (got < 0) return Error::from_errno("read " + path, errno);
        if (got == 0) return content;
        content.append(buffer, static_cast<size_t>(got));
        if (content.size() > manifest_file_bytes_max)
            return Error(Code::invalid, path + ": larger than " + std::to_string(manifest_file_bytes_max) + " bytes");
    }
}

}  // namespace

loop::Task<Result<bool>> apply_manifest(store::Objects& objects, api::ManifestDocument document) {
    CO_CHECK(api::Object object, api::decode_manifest(document));
    const api::KindInfo& kind = object.kind();
    const std::string name = object.meta().name.str();
    std::string ns;
    if (kind.namespaced) ns = object.meta().namespace_.empty() ? "default" : object.meta().namespace_.str();
    if (name.empty()) co_return document.located(Error(Code::invalid, "metadata.name: Required value"));
    const std::string manifest = with_last_applied(document.json);
    auto reading = objects.read(kind, ns, name);
    auto live = co_await std::move(reading);
    if (!live && live.error().code() != Code::not_found) co_return std::move(live).error();
    auto planned = live ? plan_object(kind, manifest, *live) : api::decode_object(kind, manifest);
    if (!planned) co_return document.located(planned.error());
    planned->meta().namespace_ = ns;
    auto writing = live ? objects.update(std::move(*planned)) : objects.create(std::move(*planned));
    auto written = co_await std::move(writing);
    if (!written) co_return document.located(written.error());
    co_return !live || written->entry->revision != live->entry->revision;
}

ManifestsDirectory::ManifestsDirectory(loop::Loop& loop, store::Objects& objects, std::string directory)
    : loop_(loop),
      objects_(objects),
      directory_(std::move(directory)),
      inotify_(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)),
      worker_(loop, *this, {.name = "manifests", .backoff_ms_min = 1000}),
      scope_(loop) {}

void ManifestsDirectory::start() {
    if (!inotify_ || inotify_add_watch(inotify_.get(), directory_.c_str(), IN_CLOSE_WRITE | IN_MOVED_TO) < 0) {
        log::info("no manifests directory " + directory_ + ": nothing is applied from there");
        return;
    }
    queue_all();
    scope_.spawn(follow());
}

void ManifestsDirectory::queue_all() {
    std::vector<std::string> files;
    std::error_code error;
    for (const auto& entry : fs::directory_iterator(directory_, error))
        if (is_manifest(entry.path())) files.push_back(entry.path().filename());
    std::sort(files.begin(), files.end());
    if (files.size() > manifest_files_max) {
        log::warning(directory_ + ": only the first " + std::to_string(manifest_files_max) + " manifests are applied");
        files.resize(manifest_files_max);
    }
    for (const auto& file : files) worker_.queue().add(file);
}

loop::Task<void> ManifestsDirectory::follow() {
    loop::FdWatch watch(loop_, inotify_.get());
    alignas(inotify_event) char buffer[4096];
    for (;;) {
        const ssize_t got = ::read(inotify_.get(), buffer, sizeof buffer);
        if (got <= 0) {
            co_await watch.readable();
            continue;
        }
        for (ssize_t at = 0; at + static_cast<ssize_t>(sizeof(inotify_event)) <= got;) {
            const auto* event = reinterpret_cast<const inotify_event*>(buffer + at);
            if (event->mask & IN_Q_OVERFLOW) queue_all();
            else if (event->len > 0 && is_manifest(event->name)) worker_.queue().add_after(event->name, manifest_quiet_ms);
            at += static_cast<ssize_t>(sizeof(inotify_event) + event->len);
        }
    }
}

loop::Task<std::vector<ManifestsDirectory::Failed>> ManifestsDirectory::apply_each(std::vector<Numbered> documents, std::string path) {
    std::vector<Failed> failed;
    for (auto& one : documents) {
        auto applying = apply_manifest(objects_, one.document);
        auto changed = co_await std::move(applying);
        if (!changed) failed.push_back({std::move(one), std::move(changed).error()});
        else if (*changed) log::info("applied " + one.document.head.kind + " " + one.document.head.name + " from " + path);
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

loop::Outcome ManifestsDirectory::conclude(const std::string& file, size_t content_hash, const std::vector<Failed>& failed) {
    if (failed.empty()) {
        troubled_.erase(file);
        return {};
    }
    Troubled& trouble = troubled_[file];
    if (trouble.content_hash != content_hash) trouble = {content_hash, 0, {}, {}};
    trouble.left.clear();
    bool again = false;
    for (const auto& [what, error] : failed) {
        trouble.left.insert(what.number);
        again |= may_come_right(error);
        if (trouble.reported.insert(error.message()).second)
            log::warning(what.document.head.kind + " " + what.document.head.name + " is not applied: " + error.message());
    }
    if (!again) return {};
    const int doublings = std::min(trouble.tries++, 16);
    return {std::min(manifest_retry_ms_min << doublings, manifest_retry_ms_max)};
}

loop::Task<Result<loop::Outcome>> ManifestsDirectory::reconcile(std::string file) {
    const std::string path = directory_ + "/" + file;
    auto read = read_regular_file(path);
    if (!read && read.error().error_number() == ENOENT) {
        troubled_.erase(file);
        co_return loop::Outcome{};
    }
    CO_CHECK(const std::string content, std::move(read));
    CO_CHECK(auto documents, api::read_manifest(content, path));
    const size_t content_hash = std::hash<std::string>()(content);
    std::vector<Numbered> left = still_to_do(file, content_hash, std::move(documents));
    std::vector<Failed> failed;
    for (int pass = 0; pass < manifest_passes_max && !left.empty(); ++pass) {
        const size_t before = left.size();
        auto applying = apply_each(std::move(left), path);
        failed = co_await std::move(applying);
        // A namespace that stood behind its content is there now.
        if (failed.size() == before) break;
        left.clear();
        for (const auto& one : failed) left.push_back(one.what);
    }
    co_return conclude(file, content_hash, failed);
}

}  // namespace orilla::wiring

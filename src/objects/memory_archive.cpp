#include "orilla/objects/memory_archive.hpp"

#include <fcntl.h>
#include <fmt/core.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <unordered_map>

#include "orilla/base/file_system.hpp"
#include "orilla/base/log.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/schema/codec.hpp"

namespace orilla::objects {

namespace {

constexpr char gone_mark = '-';

/// The name of the object, NAMESPACE/NAME, of either kind of line; empty when the line says nothing.
std::string name_in(std::string_view line) {
    if (line.starts_with(gone_mark)) return std::string(line.substr(1));
    const auto head = api::read_document_head(line);
    if (!head || head->name.empty()) return {};
    return fmt::format("{}/{}", head->namespace_, head->name);
}

std::string gone_line(const store::Key& key) { return fmt::format("{}{}/{}\n", gone_mark, key.ns, key.name); }

Result<void> write_all(int fd, std::string_view text, const std::string& path) {
    while (!text.empty()) {
        const ssize_t written = ::write(fd, text.data(), text.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) return Error::from_errno("write " + path, errno);
        text.remove_prefix(static_cast<size_t>(written));
    }
    return ok();
}

Result<void> append_file(const std::string& path, const std::string& text) {
    const UniqueFd fd(::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return Error::from_errno("open " + path, errno);
    return write_all(fd.get(), text, path);
}

/// No fsync: the file is gone with the power whatever one does.
Result<void> replace_file(const std::string& path, const std::string& text) {
    const std::string next = path + ".new";
    const UniqueFd fd(::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (!fd) return Error::from_errno("open " + next, errno);
    TRY_VOID(write_all(fd.get(), text, next));
    if (::rename(next.c_str(), path.c_str()) != 0) return Error::from_errno("rename " + next, errno);
    return ok();
}

/// The last `bytes_max` of it: the newest lines. Empty when there is none.
std::string read_end(const std::string& path, size_t bytes_max) {
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK));
    struct stat found {};
    if (!fd || ::fstat(fd.get(), &found) != 0 || !S_ISREG(found.st_mode)) return {};
    const auto size = static_cast<size_t>(found.st_size);
    auto at = static_cast<off_t>(size > bytes_max ? size - bytes_max : 0);
    std::string text(std::min(size, bytes_max), '\0');
    size_t got = 0;
    while (got < text.size()) {
        const ssize_t part = ::pread(fd.get(), text.data() + got, text.size() - got, at + static_cast<off_t>(got));
        if (part <= 0) break;
        got += static_cast<size_t>(part);
    }
    text.resize(got);
    return text;
}

}  // namespace

std::vector<std::string_view> parse_memory_archive(std::string_view text) {
    std::vector<std::string_view> lines;
    std::unordered_map<std::string, size_t> places;
    for (size_t end = text.find('\n'); end != std::string_view::npos; end = text.find('\n')) {
        const std::string_view line = text.substr(0, end);
        text.remove_prefix(end + 1);
        std::string name = name_in(line);
        if (name.empty()) continue;
        const auto [place, is_new] = places.try_emplace(std::move(name), lines.size());
        if (!is_new) lines[place->second] = {};
        place->second = lines.size();
        lines.push_back(line.starts_with(gone_mark) ? std::string_view() : line);
    }
    std::erase_if(lines, [](std::string_view line) { return line.empty(); });
    return lines;
}

bool is_in_memory(const std::string& directory) {
    struct statfs found {};
    return ::statfs(directory.c_str(), &found) == 0 && orilla::is_in_memory(found);
}

MemoryArchive::MemoryArchive(loop::Loop& loop, loop::Executor& executor, store::Store& store, std::string_view resource,
                             std::string path, MemoryArchiveLimits limits)
    : loop_(loop), store_(store), executor_(executor), resource_(resource), path_(std::move(path)), limits_(limits) {}

MemoryArchive::~MemoryArchive() = default;

void MemoryArchive::follow_in_background(loop::Task<void> first) {
    scope_ = std::make_unique<loop::Scope>(loop_);
    scope_->spawn(run(std::move(first)));
}

loop::Task<void> MemoryArchive::close() {
    scope_.reset();
    if (!watch_) co_return;
    drain();
    watch_.reset();
    AWAIT_VOID(outrun_ ? rewrite() : write_pending());
}

loop::Task<void> MemoryArchive::run(loop::Task<void> first) {
    co_await std::move(first);
    for (;;) {
        AWAIT_VOID(rewrite());
        AWAIT_VOID(follow());
    }
}

loop::Task<void> MemoryArchive::restore() {
    auto reading = loop::run_on(executor_, loop_,
                                [path = path_, bytes_max = 2 * limits_.file_bytes_max] { return read_end(path, bytes_max); });
    const std::string text = co_await std::move(reading);
    int in_this_turn = 0;
    for (const std::string_view line : parse_memory_archive(text)) {
        AWAIT_VOID(put_back(std::string(line)));
        if (++in_this_turn < limits_.restored_per_turn) continue;
        in_this_turn = 0;
        co_await loop_.yield();
    }
}

/// The newest that fit, oldest first.
loop::Task<std::string> MemoryArchive::render_all(store::Listing listing) {
    std::vector<store::EntryPtr> entries;
    for (const store::EntryPtr& entry : listing.entries)
        if (entry->json) entries.push_back(entry);
    std::sort(entries.begin(), entries.end(), [](const auto& a, const auto& b) { return a->revision > b->revision; });
    std::vector<std::string> lines;
    size_t bytes = 0;
    for (const store::EntryPtr& entry : entries) {
        co_await loop_.breathe();
        lines.push_back(render(entry));
        bytes += lines.back().size() + 1;
        if (bytes <= limits_.file_bytes_max / 2) continue;
        bytes -= lines.back().size() + 1;
        lines.pop_back();
        break;
    }
    std::string text;
    text.reserve(bytes);
    for (auto line = lines.rbegin(); line != lines.rend(); ++line)
        if (!line->empty()) text.append(*line).push_back('\n');
    co_return text;
}

loop::Task<void> MemoryArchive::rewrite() {
    store::Listing listing = store_.list(resource_);
    auto watching = store_.watch(resource_, {}, listing.revision);
    if (watching) watch_ = std::move(*watching);
    pending_.clear();
    outrun_ = true;  // whoever closes before the text is whole writes it afresh
    AWAIT(std::string text, render_all(std::move(listing)));
    outrun_ = !watching;
    file_bytes_ = text.size();
    auto writing = loop::run_on(executor_, loop_, [path = path_, text = std::move(text)] { return replace_file(path, text); });
    report(co_await std::move(writing));
}

/// Until the file has to be written afresh.
loop::Task<void> MemoryArchive::follow() {
    while (!outrun_ && file_bytes_ <= limits_.file_bytes_max) {
        AWAIT(auto event, watch_->next());
        if (!event) break;
        take(*event);
        co_await loop_.sleep_for(limits_.write_delay_ms);
        drain();
        if (outrun_) break;
        AWAIT_VOID(write_pending());
    }
    // A store that is closing ends every watch; it is asked no faster than it was written.
    co_await loop_.sleep_for(limits_.write_delay_ms);
}

void MemoryArchive::take(const store::WatchEvent& event) {
    if (event.type == store::WatchEvent::Type::deleted) pending_ += gone_line(event.entry->key);
    else if (std::string line = event.entry->json ? render(event.entry) : std::string(); !line.empty())
        pending_.append(line).push_back('\n');
    if (pending_.size() > limits_.file_bytes_max) outrun_ = true;
    if (outrun_) pending_.clear();
}

void MemoryArchive::drain() {
    while (auto event = watch_->try_next()) {
        if (*event) {
            take(**event);
            continue;
        }
        outrun_ = true;
        return;
    }
}

loop::Task<void> MemoryArchive::write_pending() {
    if (pending_.empty()) co_return;
    std::string text = std::exchange(pending_, {});
    file_bytes_ += text.size();
    auto writing = loop::run_on(executor_, loop_, [path = path_, text = std::move(text)] { return append_file(path, text); });
    report(co_await std::move(writing));
}

void MemoryArchive::report(const Result<void>& written) {
    if (!written && !reported_)
        log::warning(fmt::format("{} are not kept over a restart: {}", resource_, written.error().message()));
    reported_ = !written;
}

}  // namespace orilla::objects

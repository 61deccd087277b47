#include "loading.hpp"

#include <fmt/core.h>
#include <algorithm>

#include "writes.hpp"

namespace orilla::store {

namespace {
Result<Key> parse_file_key(std::string_view text) {
    const size_t first = text.find('/');
    const size_t second = first == std::string_view::npos ? first : text.find('/', first + 1);
    if (second == std::string_view::npos) return Error(Code::corrupt, "not a key: " + std::string(text));
    return Key{std::string(text.substr(0, first)), std::string(text.substr(first + 1, second - first - 1)),
               std::string(text.substr(second + 1))};
}

/// Rows whose value was passed over but must be resident go to `skipped`.
Result<void> load_row(Index& index, const LoadedRow& row, const StoreOptions& options, std::vector<Slot>& skipped) {
    TRY(Key key, parse_file_key(row.key));
    auto entry = std::make_shared<Entry>(Entry{std::move(key), row.revision, nullptr, row.size});
    const bool passed_over = row.size > options.resident_bytes_max;
    if (!passed_over) entry->json = std::make_shared<const std::string>(row.value);
    if (!passed_over || !is_resident(options, entry->key, row.size)) return index.load(std::move(entry), row.row);
    skipped.push_back({std::move(entry), row.row});
    return ok();
}
}  // namespace

Result<Loaded> load_index(Index& index, StoreFile& file, const StoreOptions& options) {
    Loaded loaded;
    TRY(loaded.reserved, file.read_reserved());
    loaded.revision = loaded.reserved;
    std::vector<Slot> skipped;
    Result<void> good;
    auto each = [&](const LoadedRow& row) {
        if (good) good = load_row(index, row, options, skipped);
        loaded.revision = std::max(loaded.revision, row.revision);
        loaded.last_row = std::max(loaded.last_row, row.row);
    };
    TRY_VOID(file.load(options.resident_bytes_max, each));
    if (!good && good.error().code() == Code::corrupt && !options.data_dir.empty()) {
        const std::string path = options.data_dir + "/store.db";
        return Error(Code::corrupt, fmt::format("{} is damaged ({}): {}", path, good.error().message(), way_out(path)));
    }
    TRY_VOID(good);
    for (const Slot& slot : skipped) {
        auto whole = std::make_shared<Entry>(*slot.entry);
        TRY(whole->json, file.read_value(slot.row, whole->revision));
        TRY_VOID(index.load(std::move(whole), slot.row));
    }
    index.start_at(loaded.revision);
    return loaded;
}

}  // namespace orilla::store

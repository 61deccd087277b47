#include "inflate.hpp"
#include "input.hpp"
#include "layer_path.hpp"
#include "tar_reader.hpp"

namespace {
/// What the unpacker asks of an entry before it touches a file.
class Checker final : public orilla::images::TarSink {
  public:
    orilla::Result<void> begin(const orilla::images::TarEntry& entry) override {
        using namespace orilla::images;
        left_ = entry.size_bytes;
        TRY(const std::string path, clean_entry_path(entry.path));
        for (const auto& part : split_components(path))
            if (part == ".." || part == ".") __builtin_trap();
        if (path.starts_with('/')) __builtin_trap();
        const auto name = split_path(path).name;
        if (classify_whiteout(name) == Whiteout::remove) (void)whiteout_target(name);
        return orilla::ok();
    }
    orilla::Result<void> data(std::string_view bytes) override {
        left_ -= static_cast<int64_t>(bytes.size());
        if (left_ < 0) __builtin_trap();
        return orilla::ok();
    }
    orilla::Result<void> end() override {
        if (left_ != 0) __builtin_trap();
        return orilla::ok();
    }

  private:
    int64_t left_ = 0;
};
}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace orilla::images;
    constexpr int64_t plain_bytes_max = 1 << 20;
    Checker checker;
    TarReader reader(checker);
    int64_t plain_bytes = 0;
    Inflater inflater([&](std::string_view bytes) -> orilla::Result<void> {
        plain_bytes += static_cast<int64_t>(bytes.size());
        if (plain_bytes > plain_bytes_max) return orilla::Error(orilla::Code::too_large, "enough");
        return reader.feed(bytes);
    });
    const std::string_view bytes(reinterpret_cast<const char*>(data), size);
    const size_t half = size / 2;
    if (inflater.feed(bytes.substr(0, half)) && inflater.feed(bytes.substr(half)) && inflater.finish()) (void)reader.finish();
    return 0;
}

// The rewriters themselves.
#include <zlib.h>

#include <new>
#include <optional>

#include "orilla/schema/yaml.hpp"
#include "request/large_work.hpp"
#include "rest/rewriting.hpp"

namespace orilla::apiserver {

namespace {
// ---- JSON on many lines ----------------------------------------------------------------------------------------------

class PrettyRewriter final : public Rewriter {
  public:
    Task<Result<void>> take(std::string_view text, std::string* out) override {
        for (const char c : text) {
            if (in_string_) pass_in_string(*out, c);
            else pass(*out, c);
        }
        co_return ok();
    }
    Task<Result<void>> finish(std::string* out) override {
        if (is_open_) *out += '\n';
        is_open_ = false;
        co_return ok();
    }

  private:
    void pass_in_string(std::string& out, char c) {
        out += c;
        if (escaped_) escaped_ = false;
        else if (c == '\\') escaped_ = true;
        else if (c == '"') in_string_ = false;
    }

    void pass(std::string& out, char c) {
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') return;
        is_open_ = true;
        const bool ends = c == '}' || c == ']';
        if (ends && depth_ > 0) --depth_;
        // Nothing stands between the braces of what is empty.
        if (at_start_ != ends) start_line(out);
        at_start_ = c == '{' || c == '[';
        if (at_start_) ++depth_;
        out += c;
        if (c == ',') start_line(out);
        if (c == ':') out += ' ';
        in_string_ = c == '"';
    }

    void start_line(std::string& out) const {
        out += '\n';
        out.append(2 * depth_, ' ');
    }

    size_t depth_ = 0;
    bool in_string_ = false;
    bool escaped_ = false;
    bool at_start_ = false;  ///< of an object or a list
    bool is_open_ = false;
};

// ---- YAML ------------------------------------------------------------------------------------------------------------

/// JSON texts up to this size are turned into YAML on the loop.
constexpr size_t yaml_made_at_once_bytes_max = 16 * 1024;

/// Cuts the document into the members of its object, and those that are lists into their elements, and has each printed by
/// itself.
class YamlRewriter final : public Rewriter {
  public:
    explicit YamlRewriter(Rest& rest) : rest_(rest) {}

    Task<Result<void>> take(std::string_view text, std::string* out) override {
        if (text.size() > yaml_made_at_once_bytes_max && !place_) {
            AWAIT(place_, rest_.large_yaml.enter());
        }
        for (const char c : text) {
            const bool is_whole = pass(c);
            if (!is_whole) continue;
            AWAIT(const Result<void> printed, print(out));
            if (!printed) co_return printed.error();
        }
        // What is there now is sent before more is taken: whoever has a place must not wait for a slow client.
        if (!out->empty()) place_.reset();
        co_return ok();
    }

    Task<Result<void>> finish(std::string* out) override {
        // A document that is no object: null, or nothing at all.
        if (!is_object_ && !part_.empty()) *out += part_ + "\n";
        part_.clear();
        place_.reset();
        co_return ok();
    }

  private:
    /// True when `part_` is a member or an element as a whole.
    bool pass(char c) {
        const bool in_list = depth_ == 2 && is_list_;
        if (in_string_) {
            part_ += c;
            if (escaped_) escaped_ = false;
            else if (c == '\\') escaped_ = true;
            else if (c == '"') in_string_ = false;
            return false;
        }
        if (c == ' ' || c == '\t' || c == '\r' || c == '\n') return false;
        if (c == '"') in_string_ = true;
        if (c == '{' || c == '[') return open(c);
        if (c == '}' || c == ']') return close(c);
        const bool is_separator = c == ',' && (depth_ == 1 || in_list);
        if (!is_separator) part_ += c;
        return is_separator && !part_.empty();
    }

    bool open(char c) {
        ++depth_;
        if (depth_ == 1) {
            is_object_ = c == '{';
            return false;
        }
        part_ += c;
        // "items":[ begins a list whose elements are printed one by one; its name is kept apart.
        if (depth_ == 2 && c == '[' && part_.ends_with(":[")) {
            list_name_ = part_.substr(0, part_.size() - 2);
            list_elements_ = 0;
            is_list_ = true;
            part_.clear();
        }
        return false;
    }

    bool close(char c) {
        --depth_;
        if (depth_ == 1 && is_list_) {
            list_ends_ = true;
            return true;
        }
        if (depth_ == 0) return !part_.empty();
        part_ += c;
        return false;
    }

    Task<Result<void>> print(std::string* out) {
        if (is_list_ && !part_.empty()) {
            if (list_elements_++ == 0) *out += name_of_list();
            CO_TRY(const auto yaml, to_yaml(std::exchange(part_, {})));
            append_element(*out, yaml);
        } else if (!is_list_) {
            CO_TRY(const auto yaml, to_yaml("{" + std::exchange(part_, {}) + "}"));
            *out += yaml;
        }
        if (!std::exchange(list_ends_, false)) co_return ok();
        is_list_ = false;
        if (list_elements_ > 0) co_return ok();
        CO_TRY(const auto yaml, to_yaml("{" + list_name_ + ":[]}"));
        *out += yaml;
        co_return ok();
    }

    /// The key as it stands before an empty list, without the list.
    std::string name_of_list() const {
        const auto yaml = api::render_yaml("{" + list_name_ + ":[]}");
        return yaml ? yaml->substr(0, yaml->rfind(" []")) + "\n" : std::string();
    }

    /// Everything two columns further in, behind a dash.
    static void append_element(std::string& out, std::string_view yaml) {
        bool first = true;
        while (!yaml.empty()) {
            const size_t end = std::min(yaml.find('\n'), yaml.size());
            if (first) out += "- ";
            else if (end > 0) out += "  ";
            first = false;
            out += yaml.substr(0, end);
            out += '\n';
            yaml.remove_prefix(std::min(end + 1, yaml.size()));
        }
    }

    Task<Result<std::string>> to_yaml(std::string json) {
        if (json.size() <= yaml_made_at_once_bytes_max) co_return api::render_yaml(json);
        auto make = [json = std::move(json)] { return api::render_yaml(json); };
        CO_RETURN_AWAIT(run_long(rest_.large_work(), std::move(make)));
    }

    Rest& rest_;
    std::optional<loop::Pass> place_;  ///< among those that make large texts
    std::string part_;
    std::string list_name_;  ///< with its quotes
    size_t list_elements_ = 0;
    int depth_ = 0;
    bool is_object_ = false;
    bool is_list_ = false;  ///< `part_` is an element of it
    bool list_ends_ = false;
    bool in_string_ = false;
    bool escaped_ = false;
};

// ---- gzip ------------------------------------------------------------------------------------------------------------

/// A window of 8 KB, so that many slow readers of lists do not cost a quarter of a megabyte each.
constexpr int gzip_window_bits = 13;
constexpr int gzip_wrapper = 16;  // zlib's number for gzip instead of its own format
constexpr int gzip_memory_level = 6;
constexpr int gzip_level = 1;  // as the reference server: four times the speed of the usual one
constexpr size_t gzip_room_bytes = 16 * 1024;

class GzipRewriter final : public Rewriter {
  public:
    GzipRewriter() {
        const int code = ::deflateInit2(&stream_, gzip_level, Z_DEFLATED, gzip_window_bits + gzip_wrapper, gzip_memory_level,
                                        Z_DEFAULT_STRATEGY);
        if (code != Z_OK) throw std::bad_alloc();  // it has no other reason to fail
    }
    ~GzipRewriter() override { ::deflateEnd(&stream_); }
    GzipRewriter(const GzipRewriter&) = delete;
    GzipRewriter& operator=(const GzipRewriter&) = delete;

    Task<Result<void>> take(std::string_view text, std::string* out) override {
        deflate(text, out, Z_NO_FLUSH);
        co_return ok();
    }
    Task<Result<void>> finish(std::string* out) override {
        deflate({}, out, Z_FINISH);
        co_return ok();
    }

  private:
    void deflate(std::string_view text, std::string* out, int flush) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
        stream_.avail_in = static_cast<uInt>(text.size());
        do {
            const size_t before = out->size();
            out->resize(before + gzip_room_bytes);
            stream_.next_out = reinterpret_cast<Bytef*>(out->data() + before);
            stream_.avail_out = gzip_room_bytes;
            ::deflate(&stream_, flush);
            out->resize(before + gzip_room_bytes - stream_.avail_out);
        } while (stream_.avail_out == 0);
    }
    z_stream stream_{};
};
}  // namespace

std::unique_ptr<Rewriter> make_pretty_rewriter() { return std::make_unique<PrettyRewriter>(); }
std::unique_ptr<Rewriter> make_yaml_rewriter(Rest& rest) { return std::make_unique<YamlRewriter>(rest); }
std::unique_ptr<Rewriter> make_gzip_rewriter() { return std::make_unique<GzipRewriter>(); }

}  // namespace orilla::apiserver

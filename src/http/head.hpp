// Heads: a start line and fields, of requests, of answers and, without a start line, of trailers. The lines are taken by the
// letter of RFC 9112: what two readers could read in two ways is a way to smuggle a request past a proxy, so it is refused,
// never mended. What a head says about the body behind it is read here too, once for both sides.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "orilla/http/message.hpp"

namespace orilla::http {

/// RFC 9110's token: methods, names of fields.
bool is_token(std::string_view text);
/// What may stand in a field's value: no controls but tabs.
bool is_field_value(std::string_view text);
/// One word of visible ASCII.
bool is_request_target(std::string_view text);
/// RFC 3986: what a host, an IP literal and a port are made of. An empty one is right where there is none to name.
bool is_host(std::string_view text);
/// Without the blanks around it.
std::string_view trim_blanks(std::string_view text);

enum class HeadFault : uint8_t {
    none,
    bare_line_feed,
    start_line,  ///< a byte that cannot stand in it
    empty_lines,
    folded,
    no_name,
    name,
    value,
    start_bytes,
    field_bytes,
    field_count,
};

struct HeadRules {
    bool has_start_line = true;
    /// Of a request: its line is ASCII, and empty ones may come before it, as some clients send one behind a body.
    bool is_request = false;
    /// Lines may end without CR and names may have blanks around them, as Go's client has it, on which the kubelet stands.
    bool lenient = false;
    size_t start_bytes_max = 0;
    size_t field_bytes_max = 0;  ///< with line ends
    size_t field_count_max = 0;
};

/// Collects the lines of a head in whatever pieces they come, in one text.
class HeadLines {
  public:
    static constexpr int empty_lines_max = 4;

    void start(const HeadRules& rules);
    /// Takes bytes up to the end of the empty line that is the last one, and says how many.
    size_t take(std::string_view bytes);
    bool ended() const { return ended_; }
    /// Something of it has come.
    bool begun() const { return bytes_ > 0; }
    HeadFault fault() const { return fault_; }
    /// All that were taken.
    size_t bytes() const { return bytes_; }
    /// Where the fault is.
    std::string_view bad_line() const { return std::string_view(text_).substr(line_begin_); }

    bool has_start_line() const { return has_start_; }
    // Views of its text, which moves until it has ended.
    std::string_view start_line() const { return std::string_view(text_).substr(0, start_bytes_); }
    void read_fields(std::vector<HeaderView>* fields) const;

    /// Gives memory back that is more than an idle connection should keep.
    void shrink(size_t capacity_bytes_max);

  private:
    struct FieldAt {
        uint32_t name = 0;
        uint32_t name_bytes = 0;
        uint32_t value = 0;
        uint32_t value_bytes = 0;
    };
    void check_partial(std::string_view fresh);
    void end_line();
    void take_field(std::string_view line);
    void fail(HeadFault fault) { fault_ = fault; }

    HeadRules rules_;
    std::string text_;  ///< the lines without their ends
    std::vector<FieldAt> fields_;
    size_t bytes_ = 0;
    size_t field_bytes_ = 0;
    size_t line_begin_ = 0;
    size_t start_bytes_ = 0;
    int empty_lines_ = 0;
    HeadFault fault_ = HeadFault::none;
    bool has_start_ = false;
    bool ended_ = false;
};

/// What the fields of a head say about the message around them.
struct Framing {
    size_t hosts = 0;
    size_t codings = 0;              ///< Transfer-Encoding fields
    size_t lengths = 0;              ///< Content-Length fields
    bool chunked = false;            ///< the one coding is exactly "chunked"
    std::optional<uint64_t> length;  ///< a number by the letter, and no two different ones
    std::string_view bad_length;     ///< one that is none, or differs
    std::string_view coding;
    std::string_view host;
    std::string_view expect;
    std::string_view upgrade;
    bool says_close = false;
    bool says_keep_alive = false;
    bool says_upgrade = false;  ///< in Connection
};
Framing read_framing(const std::vector<HeaderView>& fields);

/// Why the framing of a request must not be trusted; null when it may. `minor` is that of HTTP/1.x.
const char* find_framing_fault(const Framing& framing, int minor);

/// Whether a field may come behind a body: not what frames, routes or authenticates.
bool may_trail(std::string_view name);
/// Names that say how one hop is framed or where it goes: whoever writes a head says them itself.
bool is_framing_field(std::string_view name);

}  // namespace orilla::http

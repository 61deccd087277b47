#include "regex.hpp"

#include <fmt/core.h>

#include <array>
#include <cctype>
#include <optional>
#include <string>
#include <utility>

namespace orilla::gateway {

namespace {

/// Of a count in braces.
constexpr int regex_repeat_max = 1000;
/// Of the making of states: counts of counts of nothing make none.
constexpr int regex_emits_max = 64 * 1024;

/// A parsed expression. Children by their places in a list.
struct RegexNode {
    enum class Type : uint8_t { bytes, sequence, either, repeat, begin, end } type = Type::bytes;
    std::bitset<256> bytes;
    std::vector<uint32_t> children;
    int least = 0;
    int most = 0;  ///< -1: any number
};

Error refused(std::string_view why) { return Error(Code::invalid, std::string(why)); }

void add_range(std::bitset<256>& bytes, uint8_t first, uint8_t last) {
    for (unsigned c = first; c <= last; ++c) bytes.set(c);
}

/// \d and its like, a capital for everything else.
std::optional<std::bitset<256>> class_of_escape(char name) {
    std::bitset<256> out;
    switch (name | 0x20) {
        case 'd': add_range(out, '0', '9'); break;
        case 'w':
            add_range(out, '0', '9');
            add_range(out, 'a', 'z');
            add_range(out, 'A', 'Z');
            out.set('_');
            break;
        case 's':
            for (const char c : {' ', '\t', '\n', '\r', '\f'}) out.set(static_cast<uint8_t>(c));
            break;
        default: return std::nullopt;
    }
    return name & 0x20 ? out : ~out;
}

std::bitset<256> without_case(std::bitset<256> bytes) {
    for (unsigned c = 'a'; c <= 'z'; ++c)
        if (bytes[c] || bytes[c - 0x20]) bytes.set(c).set(c - 0x20);
    return bytes;
}

}  // namespace

class RegexParser {
  public:
    explicit RegexParser(std::string_view pattern) : left_(pattern) {}

    Result<uint32_t> parse() {
        if (left_.starts_with("(?i)")) {
            has_case_ = false;
            left_.remove_prefix(4);
        }
        TRY(const uint32_t root, either(0));
        if (!left_.empty()) return refused("a ) has no (");
        return root;
    }
    const std::vector<RegexNode>& nodes() const { return nodes_; }

  private:
    uint32_t add(RegexNode node) {
        nodes_.push_back(std::move(node));
        return static_cast<uint32_t>(nodes_.size() - 1);
    }
    uint32_t add_bytes(const std::bitset<256>& bytes) {
        RegexNode node{RegexNode::Type::bytes};
        node.bytes = has_case_ ? bytes : without_case(bytes);
        return add(std::move(node));
    }
    bool take(char c) {
        if (left_.empty() || left_.front() != c) return false;
        left_.remove_prefix(1);
        return true;
    }
    char take_any() {
        const char c = left_.front();
        left_.remove_prefix(1);
        return c;
    }

    Result<uint32_t> either(int depth);
    Result<uint32_t> sequence(int depth);
    Result<uint32_t> repeated(int depth);
    Result<uint32_t> atom(int depth);
    Result<uint32_t> group(int depth);
    Result<std::bitset<256>> bracket();
    Result<uint8_t> escaped_byte();
    Result<bool> read_count(RegexNode& repeat);
    bool read_number_of_count(int& out);

    std::string_view left_;
    bool has_case_ = true;
    std::vector<RegexNode> nodes_;
};

Result<uint32_t> RegexParser::either(int depth) {
    if (depth > regex_depth_max) return refused("its groups are nested too deeply");
    RegexNode node{RegexNode::Type::either};
    do {
        TRY(const uint32_t child, sequence(depth));
        node.children.push_back(child);
    } while (take('|'));
    return node.children.size() == 1 ? node.children.front() : add(std::move(node));
}

Result<uint32_t> RegexParser::sequence(int depth) {
    RegexNode node{RegexNode::Type::sequence};
    while (!left_.empty() && left_.front() != '|' && left_.front() != ')') {
        TRY(const uint32_t child, repeated(depth));
        node.children.push_back(child);
    }
    return add(std::move(node));
}

Result<uint32_t> RegexParser::repeated(int depth) {
    TRY(uint32_t child, atom(depth));
    for (int times = 0; !left_.empty(); ++times) {
        RegexNode repeat{RegexNode::Type::repeat};
        repeat.children = {child};
        if (take('*')) {
            repeat.most = -1;
        } else if (take('+')) {
            repeat.least = 1;
            repeat.most = -1;
        } else if (take('?')) {
            repeat.most = 1;
        } else {
            TRY(const bool is_count, read_count(repeat));
            if (!is_count) break;
        }
        if (times > 0) return refused("a repetition is repeated without a group");
        take('?');  // lazily: which way is tried first does not matter here
        child = add(std::move(repeat));
    }
    return child;
}

bool RegexParser::read_number_of_count(int& out) {
    bool is_there = false;
    for (out = 0; !left_.empty() && std::isdigit(static_cast<unsigned char>(left_.front())) && out <= regex_repeat_max;
         is_there = true)
        out = out * 10 + (take_any() - '0');
    return is_there;
}

/// {2}, {2,} or {2,5}; other braces are literals.
Result<bool> RegexParser::read_count(RegexNode& repeat) {
    const std::string_view before = left_;
    bool is_count = take('{') && read_number_of_count(repeat.least);
    repeat.most = repeat.least;
    if (is_count && take(',') && !read_number_of_count(repeat.most)) repeat.most = -1;
    is_count = is_count && take('}');
    if (!is_count) {
        left_ = before;
        return false;
    }
    if (repeat.least > regex_repeat_max || repeat.most > regex_repeat_max) return refused("a count is over 1000");
    if (repeat.most >= 0 && repeat.most < repeat.least) return refused("a count's end is before its beginning");
    return true;
}

Result<uint32_t> RegexParser::atom(int depth) {
    const char c = take_any();
    std::bitset<256> bytes;
    switch (c) {
        case '(': return group(depth);
        case '*':
        case '+':
        case '?': return refused(fmt::format("nothing is before a {}", c));
        case '^': return add({RegexNode::Type::begin});
        case '$': return add({RegexNode::Type::end});
        case '.': return add_bytes(bytes.set().reset('\n'));
        case '[': {
            TRY(bytes, bracket());
            return add_bytes(bytes);
        }
        case '\\': {
            if (left_.empty()) return refused("it ends with a backslash");
            if (const auto known = class_of_escape(left_.front())) {
                left_.remove_prefix(1);
                return add_bytes(*known);
            }
            TRY(const uint8_t byte, escaped_byte());
            return add_bytes(bytes.set(byte));
        }
        default: return add_bytes(bytes.set(static_cast<uint8_t>(c)));
    }
}

Result<uint32_t> RegexParser::group(int depth) {
    if (take('?')) {
        if (left_.starts_with("P<")) {
            left_.remove_prefix(std::min(left_.find('>'), left_.size() - 1) + 1);
        } else if (!take(':')) {
            return refused("look-around and flags inside are not supported: only (?:...), (?P<name>...) and (?i) in front");
        }
    }
    TRY(const uint32_t inner, either(depth + 1));
    if (!take(')')) return refused("a ( has no )");
    return inner;
}

/// What follows a backslash and is one byte.
Result<uint8_t> RegexParser::escaped_byte() {
    if (left_.empty()) return refused("it ends with a backslash");
    const char c = take_any();
    switch (c) {
        case 't': return uint8_t{'\t'};
        case 'n': return uint8_t{'\n'};
        case 'r': return uint8_t{'\r'};
        case 'f': return uint8_t{'\f'};
        case 'v': return uint8_t{'\v'};
        default: break;
    }
    if (std::ispunct(static_cast<unsigned char>(c))) return static_cast<uint8_t>(c);
    if (c >= '0' && c <= '9') return refused("references to groups are not supported");
    return refused(fmt::format("\\{} is not supported", std::isprint(static_cast<unsigned char>(c)) ? c : '?'));
}

Result<std::bitset<256>> RegexParser::bracket() {
    std::bitset<256> out;
    const bool is_negated = take('^');
    for (bool is_first = true; is_first || left_.empty() || left_.front() != ']'; is_first = false) {
        if (left_.empty()) return refused("a [ has no ]");
        if (left_.starts_with("[:")) return refused("classes with names are not supported");
        uint8_t first = static_cast<uint8_t>(take_any());
        if (first == '\\') {
            const auto known = left_.empty() ? std::nullopt : class_of_escape(left_.front());
            if (known) {
                left_.remove_prefix(1);
                out |= *known;
                continue;
            }
            TRY(first, escaped_byte());
        }
        uint8_t last = first;
        if (left_.size() >= 2 && left_[0] == '-' && left_[1] != ']') {
            left_.remove_prefix(1);
            last = static_cast<uint8_t>(take_any());
            if (last == '\\') {
                TRY(last, escaped_byte());
            }
            if (last < first) return refused("a range's end is before its beginning");
        }
        add_range(out, first, last);
    }
    left_.remove_prefix(1);
    if (!has_case_) out = without_case(out);
    return is_negated ? ~out : out;
}

/// States of the nodes, from the end to the beginning: each knows its next one when it is made.
class RegexEmitter {
  public:
    RegexEmitter(Regex& regex, const std::vector<RegexNode>& nodes) : regex_(regex), nodes_(nodes) {}

    /// Where the states of this node begin, which go on at `next`. Of no use once there are too many.
    uint16_t emit(uint32_t which, uint16_t next) {
        const RegexNode& node = nodes_[which];
        ++emits_;
        switch (node.type) {
            case RegexNode::Type::begin: return add({Regex::State::Type::begin, next});
            case RegexNode::Type::end: return add({Regex::State::Type::end, next});
            case RegexNode::Type::bytes:
                regex_.sets_.push_back(node.bytes);
                return add({Regex::State::Type::bytes, next, static_cast<uint16_t>(regex_.sets_.size() - 1)});
            case RegexNode::Type::sequence:
                for (auto child = node.children.rbegin(); child != node.children.rend(); ++child) next = emit(*child, next);
                return next;
            case RegexNode::Type::either: return emit_either(node, next);
            case RegexNode::Type::repeat: return emit_repeat(node, next);
        }
        return next;
    }
    uint16_t add(Regex::State state) {
        if (is_too_large()) return 0;
        regex_.states_.push_back(state);
        return static_cast<uint16_t>(regex_.states_.size() - 1);
    }
    bool is_too_large() const {
        return regex_.states_.size() >= regex_states_max || regex_.sets_.size() >= regex_states_max || emits_ > regex_emits_max;
    }

  private:
    uint16_t emit_either(const RegexNode& node, uint16_t next) {
        uint16_t begin = emit(node.children.back(), next);
        for (size_t i = node.children.size() - 1; i-- > 0;) {
            const uint16_t way = emit(node.children[i], next);
            begin = add({Regex::State::Type::either, way, begin});
        }
        return begin;
    }
    uint16_t emit_repeat(const RegexNode& node, uint16_t next) {
        const uint32_t child = node.children.front();
        if (node.most < 0) {
            // Again, or on.
            const uint16_t choice = add({Regex::State::Type::either, 0, next});
            const uint16_t again = emit(child, choice);
            if (!is_too_large()) regex_.states_[choice].next = again;
            next = choice;
        }
        for (int i = node.least; i < node.most && !is_too_large(); ++i) {
            // None of the further ones is needed, either.
            const uint16_t one = emit(child, next);
            next = add({Regex::State::Type::either, one, next});
        }
        for (int i = 0; i < node.least && !is_too_large(); ++i) next = emit(child, next);
        return next;
    }

    Regex& regex_;
    const std::vector<RegexNode>& nodes_;
    int emits_ = 0;
};

Result<Regex> Regex::parse(std::string_view pattern) {
    if (pattern.size() > regex_bytes_max) return refused("the regular expression is longer than 1024 bytes");
    RegexParser parser(pattern);
    auto root = parser.parse();
    if (!root) return std::move(root).error().with_context("the regular expression is refused");
    Regex regex;
    RegexEmitter emitter(regex, parser.nodes());
    const uint16_t end = emitter.add({State::Type::fits});
    const uint16_t begin = emitter.emit(*root, end);
    // The first state is the last one, so that a text begins there.
    emitter.add({State::Type::either, begin, begin});
    if (emitter.is_too_large()) return refused("the regular expression has more than 500 states");
    return regex;
}

/// The states that a text has led to, each once.
class Regex::Places {
  public:
    Places(const Regex& regex, size_t text_bytes) : regex_(regex), text_bytes_(text_bytes) {}
    size_t size() const { return count_; }
    const State& operator[](size_t i) const { return regex_.states_[list_[i]]; }
    bool fits() const { return fits_; }
    void clear() {
        seen_.reset();
        count_ = 0;
        fits_ = false;
    }
    /// And where it leads without a byte.
    void add(uint16_t first, size_t at) {
        size_t waiting = 0;
        enter(first, waiting);
        while (waiting > 0) {
            const uint16_t which = waiting_[--waiting];
            const State& state = regex_.states_[which];
            switch (state.type) {
                case State::Type::bytes: list_[count_++] = which; break;
                case State::Type::fits: fits_ = true; break;
                case State::Type::begin:
                    if (at == 0) enter(state.next, waiting);
                    break;
                case State::Type::end:
                    if (at == text_bytes_) enter(state.next, waiting);
                    break;
                case State::Type::either:
                    enter(state.next, waiting);
                    enter(state.other, waiting);
                    break;
            }
        }
    }

  private:
    void enter(uint16_t which, size_t& waiting) {
        if (seen_[which]) return;
        seen_.set(which);
        waiting_[waiting++] = which;
    }

    const Regex& regex_;
    size_t text_bytes_;
    std::bitset<regex_states_max> seen_;
    std::array<uint16_t, regex_states_max> list_, waiting_;
    size_t count_ = 0;
    bool fits_ = false;
};

bool Regex::fits(std::string_view text) const {
    if (text.size() > regex_text_bytes_max || states_.empty()) return false;
    Places here(*this, text.size()), there(*this, text.size());
    Places *now = &here, *then = &there;
    now->add(static_cast<uint16_t>(states_.size() - 1), 0);
    size_t at = 0;
    for (; at < text.size() && now->size() > 0; ++at) {
        then->clear();
        for (size_t i = 0; i < now->size(); ++i)
            if (sets_[(*now)[i].other][static_cast<uint8_t>(text[at])]) then->add((*now)[i].next, at + 1);
        std::swap(now, then);
    }
    return at == text.size() && now->fits();
}

}  // namespace orilla::gateway

#include "compiled_route.hpp"

#include <fmt/core.h>

#include <algorithm>
#include <utility>

#include "normal_form.hpp"
#include "orilla/base/text.hpp"

namespace orilla::gateway {

namespace {

/// Takes the next byte of a parameter off the front; -1 for an escape that is none.
int take_query_byte(std::string_view& text) {
    const char c = text.front();
    text.remove_prefix(1);
    if (c == '+') return ' ';
    if (c != '%') return static_cast<uint8_t>(c);
    uint8_t byte = 0;
    if (text.size() < 2 || !read_number(text.substr(0, 2), byte, 16)) return -1;
    text.remove_prefix(2);
    return byte;
}

bool decodes_to(std::string_view escaped, std::string_view plain) {
    while (!escaped.empty()) {
        const int byte = take_query_byte(escaped);
        if (plain.empty() || byte != static_cast<uint8_t>(plain.front())) return false;
        plain.remove_prefix(1);
    }
    return plain.empty();
}

std::optional<std::string> decoded(std::string_view escaped) {
    std::string out;
    while (!escaped.empty()) {
        const int byte = take_query_byte(escaped);
        if (byte < 0) return std::nullopt;
        out += static_cast<char>(byte);
    }
    return out;
}

/// Whether these, with commas between, are `whole`.
bool is_joined(std::span<const http::HeaderView> headers, std::string_view name, std::string_view whole) {
    bool is_first = true;
    for (const auto& header : headers) {
        if (!equal_fold(header.name, name)) continue;
        if (!std::exchange(is_first, false)) {
            if (!whole.starts_with(',')) return false;
            whole.remove_prefix(1);
        }
        if (!whole.starts_with(header.value)) return false;
        whole.remove_prefix(header.value.size());
    }
    return !is_first && whole.empty();
}

std::optional<std::string> joined(std::span<const http::HeaderView> headers, std::string_view name) {
    std::optional<std::string> out;
    for (const auto& header : headers) {
        if (!equal_fold(header.name, name)) continue;
        if (out) *out += ',';
        else out.emplace();
        *out += header.value;
    }
    return out;
}

}  // namespace

bool RequestFacts::is_grpc() const {
    constexpr std::string_view type = "application/grpc";
    if (method != "POST") return false;
    for (const auto& header : headers) {
        if (!equal_fold(header.name, "content-type")) continue;
        if (header.value.size() < type.size() || !equal_fold(header.value.substr(0, type.size()), type)) return false;
        const std::string_view rest = header.value.substr(type.size());
        return rest.empty() || rest.front() == '+' || rest.front() == ';' || rest.front() == ' ';
    }
    return false;
}

Result<ValueTest> ValueTest::compile(const ValueMatch& match) {
    ValueTest out;
    out.name_ = match.name;
    out.value_ = match.value;
    if (match.is_regex) {
        TRY(out.regex_, Regex::parse(match.value));
    }
    return out;
}

bool ValueTest::fits_header(std::span<const http::HeaderView> headers) const {
    if (!regex_) return is_joined(headers, name_, value_);
    const auto value = joined(headers, name_);
    return value && regex_->fits(*value);
}

bool ValueTest::fits_query(std::string_view query) const {
    while (!query.empty()) {
        const std::string_view pair = query.substr(0, query.find('&'));
        query.remove_prefix(std::min(pair.size() + 1, query.size()));
        const size_t equals = std::min(pair.find('='), pair.size());
        if (pair.empty() || !decodes_to(pair.substr(0, equals), name_)) continue;
        const std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
        if (!regex_) return decodes_to(value, value_);
        const auto text = decoded(value);
        return text && regex_->fits(*text);
    }
    return false;
}

bool ValueTest::fits_part(std::string_view text) const {
    if (regex_) return regex_->fits(text);
    return value_.empty() || text == value_;
}

bool CompiledMatch::fits(const RequestFacts& facts, bool is_grpc_request) const {
    if (is_grpc && !is_grpc_request) return false;
    if (!method.empty() && method != facts.method) return false;
    for (const ValueTest& test : headers)
        if (!test.fits_header(facts.headers)) return false;
    for (const ValueTest& test : query)
        if (!test.fits_query(facts.query)) return false;
    return true;
}

bool CompiledMatch::fits_path(std::string_view text) const {
    if (way == Way::regex) return regex->fits(text);
    // "/service/method", nothing else.
    const size_t slash = text.find('/', 1);
    if (slash == text.npos || text.find('/', slash + 1) != text.npos) return false;
    return service.fits_part(text.substr(1, slash - 1)) && grpc_method.fits_part(text.substr(slash + 1));
}

namespace {

/// Only the first of equal names counts.
Result<std::vector<ValueTest>> compile_tests(const std::vector<ValueMatch>& matches, bool has_case) {
    std::vector<ValueTest> out;
    for (const ValueMatch& match : matches) {
        const auto is_same = [&](const ValueTest& test) {
            return has_case ? test.name() == match.name : equal_fold(test.name(), match.name);
        };
        if (std::any_of(out.begin(), out.end(), is_same)) continue;
        TRY(ValueTest test, ValueTest::compile(match));
        out.push_back(std::move(test));
    }
    return out;
}

Result<void> compile_path(const PathMatch& path, CompiledMatch& out) {
    if (path.type == PathMatch::Type::regex) {
        out.way = CompiledMatch::Way::regex;
        out.path = path.value;
        TRY(out.regex, Regex::parse(path.value));
        return ok();
    }
    std::string scratch;
    const auto normal = normal_path(path.value, &scratch);
    if (!normal) return Error(Code::invalid, fmt::format("no request has the path {}", path.value));
    out.path = with_single_slashes(*normal);
    out.way = path.type == PathMatch::Type::exact ? CompiledMatch::Way::exact : CompiledMatch::Way::prefix;
    if (out.way == CompiledMatch::Way::prefix && out.path.back() == '/') out.path.pop_back();
    return ok();
}

Result<void> compile_grpc(const Match& match, CompiledMatch& out) {
    out.is_grpc = true;
    TRY(out.service, ValueTest::compile(match.grpc_service));
    TRY(out.grpc_method, ValueTest::compile(match.grpc_method));
    const bool is_plain = !match.grpc_service.is_regex && !match.grpc_method.is_regex;
    out.way = CompiledMatch::Way::grpc;
    if (!is_plain || match.grpc_service.value.empty()) return ok();
    out.path = "/" + match.grpc_service.value;
    out.way = CompiledMatch::Way::prefix;
    if (match.grpc_method.value.empty()) return ok();
    out.path += "/" + match.grpc_method.value;
    out.way = CompiledMatch::Way::exact;
    return ok();
}

Result<CompiledMatch> compile_match(const Match& match) {
    CompiledMatch out;
    if (match.is_grpc) {
        TRY_VOID(compile_grpc(match, out));
    } else {
        TRY_VOID(compile_path(match.path, out));
    }
    out.method = match.method;
    TRY(out.headers, compile_tests(match.headers, false));
    TRY(out.query, compile_tests(match.query, true));
    return out;
}

}  // namespace

std::shared_ptr<const CompiledRoute> CompiledRoute::compile(Route from, std::vector<std::string>* faults) {
    static const std::vector<Match> everything(1);
    std::shared_ptr<CompiledRoute> out(new CompiledRoute(std::move(from)));
    const Route& route = out->route_;
    for (uint32_t rule = 0; rule < route.rules.size(); ++rule) {
        const auto& matches = route.rules[rule].matches.empty() ? everything : route.rules[rule].matches;
        for (uint32_t place = 0; place < matches.size(); ++place) {
            auto match = compile_match(matches[place]);
            if (!match) {
                faults->push_back(fmt::format("match {} of rule {}: {}", place + 1, rule + 1, match.error().message()));
                continue;
            }
            match->rule = rule;
            match->place = place;
            out->matches_.push_back(std::move(*match));
        }
    }
    return out;
}

}  // namespace orilla::gateway

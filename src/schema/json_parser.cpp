// Boost.JSON's parser under the decoder: it checks the grammar, UTF-8 and numbers, and this hands its events on.
#include <fmt/core.h>
#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>

#include "decoder.hpp"
#include "documents.hpp"
#include "orilla/schema/gradual.hpp"

namespace orilla::api {
namespace {
namespace json = boost::json;
using json::error_code;

class Handler {
  public:
    // The document is limited as a whole.
    static constexpr size_t max_object_size = json_bytes_max;
    static constexpr size_t max_array_size = json_bytes_max;
    static constexpr size_t max_key_size = json_bytes_max;
    static constexpr size_t max_string_size = json_bytes_max;

    explicit Handler(Decoder& decoder) : decoder_(decoder) {}

    bool on_document_begin(error_code&) { return true; }
    bool on_document_end(error_code&) { return true; }
    bool on_object_begin(error_code& ec) { return check(decoder_.begin_object(), ec); }
    bool on_object_end(size_t, error_code&) { return decoder_.end(), true; }
    bool on_array_begin(error_code& ec) { return check(decoder_.begin_list(), ec); }
    bool on_array_end(size_t, error_code&) { return decoder_.end(), true; }
    bool on_key_part(json::string_view s, size_t, error_code&) { return part(s); }
    bool on_string_part(json::string_view s, size_t, error_code&) { return part(s); }
    bool on_number_part(json::string_view s, error_code&) { return part(s); }
    bool on_key(json::string_view s, size_t, error_code& ec) {
        bool good = decoder_.key(whole(s));
        parts_.clear();
        return check(good, ec);
    }
    bool on_string(json::string_view s, size_t, error_code& ec) {
        JsonScalar value{JsonScalar::Type::string};
        return scalar(value, s, ec);
    }
    bool on_int64(int64_t number, json::string_view s, error_code& ec) {
        JsonScalar value{JsonScalar::Type::integer};
        value.integer = number;
        return scalar(value, s, ec);
    }
    bool on_uint64(uint64_t number, json::string_view s, error_code& ec) {
        JsonScalar value{JsonScalar::Type::number};  // past int64: nothing in the API takes it as an integer
        value.number = static_cast<double>(number);
        return scalar(value, s, ec);
    }
    bool on_double(double number, json::string_view s, error_code& ec) {
        JsonScalar value{JsonScalar::Type::number};
        value.number = number;
        return scalar(value, s, ec);
    }
    bool on_bool(bool boolean, error_code& ec) {
        JsonScalar value{JsonScalar::Type::boolean};
        value.boolean = boolean;
        return check(decoder_.scalar(value), ec);
    }
    bool on_null(error_code& ec) {
        JsonScalar value{JsonScalar::Type::null};
        return check(decoder_.scalar(value), ec);
    }
    bool on_comment_part(json::string_view, error_code&) { return true; }
    bool on_comment(json::string_view, error_code&) { return true; }

  private:
    static bool check(bool good, error_code& ec) {
        if (!good) ec = json::error::extra_data;  // any: the decoder has the words
        return good;
    }
    // Text with escapes comes in parts.
    bool part(json::string_view s) { return parts_.append(s.data(), s.size()), true; }
    std::string_view whole(json::string_view s) {
        if (parts_.empty()) return {s.data(), s.size()};
        parts_.append(s.data(), s.size());
        return parts_;
    }
    bool scalar(JsonScalar& value, json::string_view s, error_code& ec) {
        value.text = whole(s);
        bool good = decoder_.scalar(value);
        parts_.clear();
        return check(good, ec);
    }

    Decoder& decoder_;
    std::string parts_;
};

Error syntax_error(std::string_view text, size_t offset, int first_line, const error_code& ec) {
    std::string_view before = text.substr(0, std::min(offset, text.size()));
    size_t line_start = before.rfind('\n') + 1;  // npos + 1 is 0
    auto line = first_line + std::ranges::count(before, '\n');
    return Error(Code::bad_request,
                 fmt::format("invalid JSON at line {}, column {}: {}", line, before.size() - line_start + 1, ec.message()));
}

/// The parser over one text, from portion to portion.
class TextParser {
  public:
    TextParser(Decoder& decoder, std::string_view text, int first_line)
        : decoder_(decoder), text_(text), first_line_(first_line), parser_(options(), decoder) {}

    /// True at the end of the text.
    Result<bool> advance(size_t bytes) {
        const std::string_view portion = text_.substr(at_, bytes);
        const bool more = at_ + portion.size() < text_.size();
        error_code ec;
        at_ += parser_.write_some(more, portion.data(), portion.size(), ec);
        if (decoder_.failed()) return Error(Code::bad_request, decoder_.error()).with_field(decoder_.error_field());
        if (!ec && parser_.done()) {
            at_ = std::min(text_.find_first_not_of(" \t\r\n", at_), text_.size());
            if (at_ == text_.size()) return true;
            ec = json::error::extra_data;
        }
        if (ec) return syntax_error(text_, at_, first_line_, ec);
        return false;
    }

  private:
    static json::parse_options options() {
        json::parse_options options;
        options.max_depth = json_depth_max;
        return options;
    }
    Decoder& decoder_;
    std::string_view text_;
    int first_line_;
    size_t at_ = 0;
    json::basic_parser<Handler> parser_;
};

Result<void> run(Decoder& decoder, std::string_view text, int first_line) {
    TextParser parser(decoder, text, first_line);
    TRY([[maybe_unused]] const bool done, parser.advance(text.size()));
    return ok();
}

Result<void> check_text_size(std::string_view text) {
    if (text.size() <= json_bytes_max) return ok();
    return Error(Code::too_large,
                 fmt::format("the document has {} bytes, at most {} are accepted", text.size(), json_bytes_max));
}
}  // namespace

Result<void> decode_into(const TypeInfo& type, void* target, std::string_view text, DecodeReport* report) {
    TRY_VOID(check_text_size(text));
    Decoder decoder(type, target, report);
    return run(decoder, text, 1);
}

struct GradualDecoder::Impl {
    Impl(const TypeInfo& type, void* target, std::string_view the_text, DecodeReport* report)
        : text(the_text), decoder(type, target, report), parser(decoder, text, 1) {}
    std::string_view text;
    Decoder decoder;
    TextParser parser;
};

GradualDecoder::GradualDecoder(const TypeInfo& type, void* target, std::string_view text, DecodeReport* report)
    : impl_(std::make_unique<Impl>(type, target, text, report)) {}
GradualDecoder::~GradualDecoder() = default;

Result<bool> GradualDecoder::advance(size_t bytes) {
    TRY_VOID(check_text_size(impl_->text));
    return impl_->parser.advance(bytes);
}

Result<void> check_json(std::string_view text, int first_line) {
    Decoder decoder(type_info<RawJson>(), nullptr, nullptr);
    return run(decoder, text, first_line);
}

}  // namespace orilla::api

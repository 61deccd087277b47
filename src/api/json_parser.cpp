// Boost.JSON's parser under the decoder: it checks the grammar, UTF-8 and numbers, and this hands its events on.
#include <boost/json/basic_parser_impl.hpp>

#include <algorithm>

#include "decoder.hpp"
#include "documents.hpp"

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
    return Error(Code::bad_request, "invalid JSON at line " + std::to_string(line) + ", column " +
                                        std::to_string(before.size() - line_start + 1) + ": " + ec.message());
}

Result<void> run(Decoder& decoder, std::string_view text, int first_line) {
    json::parse_options options;
    options.max_depth = json_depth_max;
    json::basic_parser<Handler> parser(options, decoder);
    error_code ec;
    size_t used = parser.write_some(false, text.data(), text.size(), ec);
    if (decoder.failed()) return Error(Code::bad_request, decoder.error());
    if (!ec && used < text.size()) {
        used = std::min(text.find_first_not_of(" \t\r\n", used), text.size());
        if (used < text.size()) ec = json::error::extra_data;
    }
    if (ec) return syntax_error(text, used, first_line, ec);
    return ok();
}
}  // namespace

Result<void> decode_into(const TypeInfo& type, void* target, std::string_view text, DecodeReport* report) {
    if (text.size() > json_bytes_max)
        return Error(Code::too_large, "the document has " + std::to_string(text.size()) + " bytes, at most " +
                                          std::to_string(json_bytes_max) + " are accepted");
    Decoder decoder(type, target, report);
    return run(decoder, text, 1);
}

Result<void> check_json(std::string_view text, int first_line) {
    Decoder decoder(type_info<RawJson>(), nullptr, nullptr);
    return run(decoder, text, first_line);
}

}  // namespace orilla::api

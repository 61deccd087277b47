#include <charconv>

#include "orilla/api/codec.hpp"

namespace orilla::api {
namespace {
template <class T>
const T& ref(const void* place) {
    return *static_cast<const T*>(place);
}

template <class T>
void append_number(std::string& out, T number) {
    char text[32];
    auto [end, ec] = std::to_chars(text, text + sizeof text, number);
    out.append(text, end);
}

class Encoder {
  public:
    Encoder(std::string& out, const EncodeOptions& options) : out_(out), options_(options) {}

    void document(const TypeInfo& type, const void* value) {
        object(type, value, options_.with_type_meta,
               type.meta_offset >= 0 ? &ref<std::byte>(value) + type.meta_offset : nullptr);
    }

  private:
    void object(const TypeInfo& type, const void* value, bool with_type_meta, const void* stamped_meta) {
        out_ += '{';
        size_t start = out_.size();
        if (with_type_meta && type.is_document()) {
            out_ += "\"kind\":\"";
            out_ += type.name;
            out_ += "\",\"apiVersion\":\"";
            out_ += type.api_version;
            out_ += '"';
        }
        bool stamp = value == stamped_meta && !options_.resource_version.empty();
        for (const FieldInfo& info : type.fields) {
            if (stamp && info.name == "resourceVersion") {
                key(info, start);
                append_json_string(out_, options_.resource_version);
                continue;
            }
            field(info, info.in(value), start, stamped_meta);
        }
        out_ += '}';
    }

    void key(const FieldInfo& info, size_t object_start) {
        if (out_.size() > object_start) out_ += ',';
        out_ += '"';
        out_ += info.name;
        out_ += "\":";
    }

    void field(const FieldInfo& info, const void* place, size_t object_start, const void* stamped_meta) {
        switch (info.shape) {
            case Shape::plain:
                return plain(info, place, object_start, stamped_meta);
            case Shape::opt:
            case Shape::box: {
                const void* present = info.shape == Shape::box ? ref<const void*>(place) : opt_value(info, place);
                if (present == nullptr) return;
                key(info, object_start);
                return value(*info.type, present);
            }
            case Shape::list: {
                const auto* block = ref<const detail::Block*>(place);
                if (info.omit_empty && detail::block_size(block) == 0) return;
                key(info, object_start);
                return list(*info.type, block);
            }
            case Shape::map: {
                const auto* block = ref<const detail::Block*>(place);
                if (info.omit_empty && detail::block_size(block) == 0) return;
                key(info, object_start);
                return map(*info.type, block);
            }
        }
    }

    static const void* opt_value(const FieldInfo& info, const void* place) {
        return is_zero_field(info, place) ? nullptr : place;
    }

    void plain(const FieldInfo& info, const void* place, size_t object_start, const void* stamped_meta) {
        if (info.type->kind == Kind::object) {
            bool stamped = place == stamped_meta && !options_.resource_version.empty();
            if (info.omit_empty && !stamped && is_zero_value(*info.type, place)) return;
            key(info, object_start);
            return object(*info.type, place, false, stamped_meta);
        }
        if (is_zero_value(*info.type, place)) {
            // These know absence themselves; the rest print their zero when it is required.
            Kind kind = info.type->kind;
            bool absent = kind == Kind::time || kind == Kind::micro_time || kind == Kind::quantity || kind == Kind::raw;
            if (absent || info.omit_empty) return;
        }
        key(info, object_start);
        value(*info.type, place);
    }

    void list(const TypeInfo& type, const detail::Block* block) {
        out_ += '[';
        for (uint32_t i = 0; i < detail::block_size(block); ++i) {
            if (i > 0) out_ += ',';
            value(type, block->elements() + i * type.size);
        }
        out_ += ']';
    }

    void map(const TypeInfo& type, const detail::Block* block) {
        size_t stride = detail::map_stride(type);
        out_ += '{';
        for (uint32_t i = 0; i < detail::block_size(block); ++i) {
            if (i > 0) out_ += ',';
            const std::byte* entry = block->elements() + i * stride;
            append_json_string(out_, ref<Str>(entry));
            out_ += ':';
            value(type, entry + detail::map_value_offset);
        }
        out_ += '}';
    }

    void value(const TypeInfo& type, const void* place) {
        switch (type.kind) {
            case Kind::boolean:
                out_ += ref<bool>(place) ? "true" : "false";
                return;
            case Kind::int32:
                return append_number(out_, ref<int32_t>(place));
            case Kind::int64:
                return append_number(out_, ref<int64_t>(place));
            case Kind::number:
                return append_number(out_, ref<double>(place));
            case Kind::int_or_string: {
                const auto& either = ref<IntOrString>(place);
                if (either.is_string) append_json_string(out_, either.text);
                else append_number(out_, either.number);
                return;
            }
            case Kind::time:
                return text_or_null(ref<Time>(place).format());
            case Kind::micro_time:
                return text_or_null(ref<MicroTime>(place).format());
            case Kind::quantity:
                return text(ref<Str>(place).empty() ? "0" : ref<Str>(place).view());
            case Kind::raw:
                out_ += ref<Str>(place).empty() ? "null" : ref<Str>(place).view();
                return;
            case Kind::object:
                return object(type, place, false, nullptr);
            default:
                return append_json_string(out_, ref<Str>(place));
        }
    }

    void text(std::string_view plain_text) { append_json_string(out_, plain_text); }
    void text_or_null(const std::string& time) {
        if (time.empty()) out_ += "null";
        else append_json_string(out_, time);
    }

    std::string& out_;
    const EncodeOptions& options_;
};

bool needs_escape(unsigned char c) { return c < 0x20 || c == '"' || c == '\\'; }

void append_escape(std::string& out, char c) {
    switch (c) {
        case '"':
            out += "\\\"";
            return;
        case '\\':
            out += "\\\\";
            return;
        case '\n':
            out += "\\n";
            return;
        case '\r':
            out += "\\r";
            return;
        case '\t':
            out += "\\t";
            return;
        default:
            break;
    }
    static constexpr char digits[] = "0123456789abcdef";
    out += "\\u00";
    out += digits[(c >> 4) & 0xf];
    out += digits[c & 0xf];
}
}  // namespace

void append_json_string(std::string& out, std::string_view text) {
    out += '"';
    size_t start = 0;
    for (size_t i = 0; i < text.size(); ++i) {
        if (!needs_escape(static_cast<unsigned char>(text[i]))) continue;
        out.append(text, start, i - start);
        append_escape(out, text[i]);
        start = i + 1;
    }
    out.append(text, start);
    out += '"';
}

void encode_to(std::string& out, const TypeInfo& type, const void* value, const EncodeOptions& options) {
    Encoder(out, options).document(type, value);
}

std::string encode(const Object& object, const EncodeOptions& options) {
    std::string out;
    encode_to(out, object.type_info(), object.data(), options);
    return out;
}

}  // namespace orilla::api

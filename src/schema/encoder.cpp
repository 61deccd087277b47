#include "json_writer.hpp"
#include "orilla/schema/codec.hpp"

namespace orilla::api {
namespace {
template <class T>
const T& value_as(const void* place) {
    return *static_cast<const T*>(place);
}

class Encoder {
  public:
    Encoder(std::string& out, const EncodeOptions& options) : out_(out), options_(options) {}

    void document(const TypeInfo& type, const void* value) {
        object(type, value, options_.with_type_meta,
               type.meta_offset >= 0 ? &value_as<std::byte>(value) + type.meta_offset : nullptr);
    }

  private:
    void object(const TypeInfo& type, const void* value, bool with_type_meta, const void* stamped_meta) {
        out_.put('{');
        size_t start = out_.size();
        if (with_type_meta && type.is_document()) {
            out_.put("\"kind\":\"");
            out_.put(type.name);
            out_.put("\",\"apiVersion\":\"");
            out_.put(type.api_version);
            out_.put('"');
        }
        bool stamp = value == stamped_meta && (options_.revision_at != nullptr || !options_.resource_version.empty());
        for (const FieldInfo& info : type.fields) {
            if (stamp && info.name == "resourceVersion") {
                key(info, start);
                out_.text(options_.resource_version);
                if (options_.revision_at != nullptr) *options_.revision_at = out_.size() - 1;
                continue;
            }
            field(info, info.in(value), start, stamped_meta);
        }
        out_.put('}');
    }

    void key(const FieldInfo& info, size_t object_start) { out_.key(info.name, out_.size() == object_start); }

    void field(const FieldInfo& info, const void* place, size_t object_start, const void* stamped_meta) {
        switch (info.shape) {
            case Shape::plain: return plain(info, place, object_start, stamped_meta);
            case Shape::opt:
            case Shape::box: {
                const void* present = info.shape == Shape::box ? value_as<const void*>(place) : opt_value(info, place);
                if (present == nullptr) return;
                key(info, object_start);
                return value(*info.type, present);
            }
            case Shape::list: {
                const auto* block = value_as<const detail::Block*>(place);
                if (info.omit_empty && detail::block_size(block) == 0) return;
                key(info, object_start);
                return list(*info.type, block);
            }
            case Shape::map: {
                const auto* block = value_as<const detail::Block*>(place);
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
        // A leaf that is a pointer in Go and has no Opt<T> knows absence itself.
        if ((info.omit_empty || info.pointer) && is_zero_value(*info.type, place)) return;
        key(info, object_start);
        if (info.type->kind == Kind::object) return object(*info.type, place, false, stamped_meta);
        value(*info.type, place);
    }

    void list(const TypeInfo& type, const detail::Block* block) {
        out_.put('[');
        for (uint32_t i = 0; i < detail::block_size(block); ++i) {
            if (i > 0) out_.put(',');
            value(type, block->elements() + i * type.size);
        }
        out_.put(']');
    }

    void map(const TypeInfo& type, const detail::Block* block) {
        size_t stride = detail::map_stride(type);
        out_.put('{');
        for (uint32_t i = 0; i < detail::block_size(block); ++i) {
            if (i > 0) out_.put(',');
            const std::byte* entry = block->elements() + i * stride;
            out_.text(value_as<Str>(entry));
            out_.put(':');
            value(type, entry + detail::map_value_offset(type));
        }
        out_.put('}');
    }

    void value(const TypeInfo& type, const void* place) {
        switch (type.kind) {
            case Kind::boolean: out_.put(value_as<bool>(place) ? std::string_view("true") : "false"); return;
            case Kind::int32: return out_.number(value_as<int32_t>(place));
            case Kind::int64: return out_.number(value_as<int64_t>(place));
            case Kind::number: return out_.number(value_as<double>(place));
            case Kind::int_or_string: {
                const auto& either = value_as<IntOrString>(place);
                if (either.is_string) out_.text(either.text);
                else out_.number(either.number);
                return;
            }
            case Kind::time: return text_or_null(value_as<Time>(place).format());
            case Kind::micro_time: return text_or_null(value_as<MicroTime>(place).format());
            case Kind::quantity: return text(value_as<Str>(place).empty() ? "0" : value_as<Str>(place).view());
            case Kind::raw: out_.put(value_as<Str>(place).empty() ? "null" : value_as<Str>(place).view()); return;
            case Kind::object: return object(type, place, false, nullptr);
            default: return out_.text(value_as<Str>(place));
        }
    }

    void text(std::string_view plain_text) { out_.text(plain_text); }
    void text_or_null(const std::string& time) {
        if (time.empty()) out_.put("null");
        else out_.text(time);
    }

    JsonWriter out_;
    const EncodeOptions& options_;
};
}  // namespace

void encode_to(std::string& out, const TypeInfo& type, const void* value, const EncodeOptions& options) {
    Encoder(out, options).document(type, value);
}

}  // namespace orilla::api

#include "decoder.hpp"

#include <fmt/core.h>
#include <limits>

#include "map_order.hpp"
#include "orilla/base/base64.hpp"

namespace orilla::api {
namespace {
constexpr size_t name_bytes_max = 256;  // of a foreign name in a message

std::string_view name_of(JsonScalar::Type type) {
    switch (type) {
        case JsonScalar::Type::null: return "null";
        case JsonScalar::Type::boolean: return "bool";
        case JsonScalar::Type::integer:
        case JsonScalar::Type::number: return "number";
        case JsonScalar::Type::string: return "string";
    }
    return "";
}

/// Enough of a foreign name to find it, cut between characters.
std::string_view clip(std::string_view name) {
    if (name.size() <= name_bytes_max) return name;
    size_t end = name_bytes_max;
    while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xc0) == 0x80) --end;
    return name.substr(0, end);
}

detail::Block*& block_slot(void* place) { return *static_cast<detail::Block**>(place); }

/// The value inside an opt or box, made present; the place itself when plain.
void* open_value(Shape shape, const TypeInfo& type, void* place) {
    FieldInfo field{{}, &type, nullptr, 0, shape, false, false, false, 0, 0};
    return ensure_field_value(field, place);
}
}  // namespace

Decoder::Decoder(const TypeInfo& type, void* target, DecodeReport* report)
    : root_(type), target_(target), report_(report), skip_next_(target == nullptr) {
    frames_.reserve(16);
}

bool Decoder::next_slot(Slot& slot) {
    if (skip_next_) {
        skip_next_ = false;
        return true;
    }
    if (frames_.empty()) {
        if (started_) return fail("more than one value");
        slot = {Shape::plain, &root_, target_, nullptr};
        return true;
    }
    Frame& frame = frames_.back();
    switch (frame.open) {
        case Open::object:
            slot = {frame.field->shape, frame.field->type, frame.field->in(frame.target), frame.field};
            return true;
        case Open::list: {
            detail::Block*& block = block_slot(frame.target);
            frame.index = detail::block_size(block);
            if (!charge(frame.type->size)) return false;
            slot = {Shape::plain, frame.type, detail::block_insert(block, frame.type->size, frame.index), nullptr};
            return true;
        }
        case Open::map: {
            std::byte* entry = block_slot(frame.target)->elements() + frame.index * detail::map_stride(*frame.type);
            slot = {Shape::plain, frame.type, entry + detail::map_value_offset(*frame.type), nullptr};
            return true;
        }
    }
    return true;
}

/// `{}` is three bytes of JSON and hundreds of memory: what a document may become is bounded, too.
bool Decoder::charge(size_t bytes) {
    decoded_bytes_ += bytes;
    return decoded_bytes_ <= decoded_bytes_max || fail("the document takes more memory than an object may");
}

bool Decoder::open(Open how, const TypeInfo& type, void* target) {
    started_ = true;
    if (frames_.size() >= size_t{json_depth_max}) return fail("nested too deeply");
    Frame frame;
    frame.open = how;
    frame.type = &type;
    frame.target = target;
    frames_.push_back(frame);
    return true;
}

bool Decoder::begin_object() {
    if (skip_depth_ > 0) return ++skip_depth_, true;
    if (raw_depth_ > 0) {
        raw_separator();
        raw_ += '{';
        raw_is_object_.push_back(true);
        raw_comma_ = false;
        return ++raw_depth_, true;
    }
    if (type_meta_ != nullptr) return fail("kind and apiVersion are strings");
    Slot slot;
    if (!next_slot(slot)) return false;
    if (slot.type == nullptr) return skip_depth_ = 1, true;
    if (slot.shape == Shape::map) return open(Open::map, *slot.type, slot.place);
    if (slot.shape == Shape::list) return fail_type(slot, "object");
    if (slot.type->kind == Kind::object) {
        if (slot.shape == Shape::box && !charge(slot.type->size)) return false;
        return open(Open::object, *slot.type, open_value(slot.shape, *slot.type, slot.place));
    }
    if (slot.type->kind != Kind::raw) return fail_type(slot, "object");
    raw_place_ = slot.place;
    raw_ = "{";
    raw_is_object_.assign(1, true);
    raw_comma_ = false;
    return raw_depth_ = 1, true;
}

bool Decoder::begin_list() {
    if (skip_depth_ > 0) return ++skip_depth_, true;
    if (raw_depth_ > 0) {
        raw_separator();
        raw_ += '[';
        raw_is_object_.push_back(false);
        raw_comma_ = false;
        return ++raw_depth_, true;
    }
    if (type_meta_ != nullptr) return fail("kind and apiVersion are strings");
    Slot slot;
    if (!next_slot(slot)) return false;
    if (slot.type == nullptr) return skip_depth_ = 1, true;
    if (slot.shape == Shape::list) return open(Open::list, *slot.type, slot.place);
    if (slot.shape != Shape::plain || slot.type->kind != Kind::raw) return fail_type(slot, "array");
    raw_place_ = slot.place;
    raw_ = "[";
    raw_is_object_.assign(1, false);
    raw_comma_ = false;
    return raw_depth_ = 1, true;
}

void Decoder::end() {
    if (skip_depth_ > 0) {
        --skip_depth_;
        return;
    }
    if (raw_depth_ > 0) {
        raw_ += raw_is_object_.back() ? '}' : ']';
        raw_is_object_.pop_back();
        raw_comma_ = true;
        if (--raw_depth_ == 0) finish_raw();
        return;
    }
    // Lists grew ahead; objects stay in memory for long.
    Frame& frame = frames_.back();
    if (frame.unsorted) sort_map(frame);
    if (frame.open != Open::object) {
        size_t stride = frame.open == Open::list ? frame.type->size : detail::map_stride(*frame.type);
        detail::block_trim(block_slot(frame.target), stride);
    }
    frames_.pop_back();
}

bool Decoder::key(std::string_view name) {
    if (skip_depth_ > 0) return true;
    if (raw_depth_ > 0) {
        if (raw_comma_) raw_ += ',';
        append_json_string(raw_, name);
        raw_ += ':';
        raw_comma_ = false;
        return true;
    }
    Frame& frame = frames_.back();
    return frame.open == Open::map ? map_key(frame, name) : object_key(frame, name);
}

bool Decoder::Frame::see(size_t field_index) {
    constexpr size_t bits = 64;
    if (field_index < bits) {
        const uint64_t bit = uint64_t{1} << field_index;
        const bool before = (seen & bit) != 0;
        seen |= bit;
        return before;
    }
    if (seen_more.empty()) seen_more.resize(type->fields.size() - bits);
    const bool before = seen_more[field_index - bits];
    seen_more[field_index - bits] = true;
    return before;
}

bool Decoder::object_key(Frame& frame, std::string_view name) {
    // Documents that we printed ourselves have their fields in schema order: look there first.
    std::span<const FieldInfo> fields = frame.type->fields;
    for (uint32_t tried = 0; tried < fields.size(); ++tried, ++frame.index) {
        if (frame.index >= fields.size()) frame.index = 0;
        if (fields[frame.index].name != name) continue;
        frame.field = &fields[frame.index];
        if (frame.see(frame.index++)) {
            problem(true, name);
            clear_field(*frame.field, frame.field->in(frame.target));
        }
        return true;
    }
    if (frame.type->is_document() && (name == "kind" || name == "apiVersion")) {
        type_meta_key(name);
        return true;
    }
    problem(false, name);
    skip_next_ = true;
    return true;
}

void Decoder::type_meta_key(std::string_view name) {
    static std::string of_no_interest;
    type_meta_ = &of_no_interest;
    if (report_ != nullptr && frames_.size() == 1) type_meta_ = name == "kind" ? &report_->kind : &report_->api_version;
}

bool Decoder::map_key(Frame& frame, std::string_view name) {
    detail::Block*& block = block_slot(frame.target);
    size_t stride = detail::map_stride(*frame.type);
    frame.unsorted = frame.unsorted || detail::map_wants_append(block, stride, name);
    if (frame.unsorted) {
        if (!charge(stride)) return false;
        frame.index = detail::block_size(block);
        detail::map_append(block, stride, Str::intern(name));
        return true;
    }
    frame.index = detail::map_lower_bound(block, stride, name);
    if (frame.index < detail::block_size(block)) {
        std::byte* entry = block->elements() + frame.index * stride;
        if (*reinterpret_cast<const Str*>(entry) == name) {
            problem(true, "");
            destroy_value(*frame.type, entry + detail::map_value_offset(*frame.type));
            std::memset(entry + detail::map_value_offset(*frame.type), 0, frame.type->size);
            return true;
        }
    }
    if (!charge(stride)) return false;
    *static_cast<Str*>(detail::block_insert(block, stride, frame.index)) = Str::intern(name);
    return true;
}

void Decoder::sort_map(Frame& frame) {
    const auto repeated = detail::map_sort(block_slot(frame.target), *frame.type);
    frame.index = std::numeric_limits<uint32_t>::max();  // of no entry: the key is told by name
    for (const detail::RepeatedKey& one : repeated) problem(true, one.key);
}

bool Decoder::scalar(const JsonScalar& value) {
    if (skip_depth_ > 0) return true;
    if (raw_depth_ > 0) {
        raw_separator();
        raw_scalar(value);
        return true;
    }
    if (type_meta_ != nullptr) {
        std::string* where = std::exchange(type_meta_, nullptr);
        if (value.type == JsonScalar::Type::null) return true;
        if (value.type != JsonScalar::Type::string) return fail("kind and apiVersion are strings");
        where->assign(value.text);
        return true;
    }
    Slot slot;
    if (!next_slot(slot)) return false;
    return slot.type == nullptr || scalar_into(slot, value);
}

bool Decoder::scalar_into(const Slot& slot, const JsonScalar& value) {
    if (frames_.empty()) {
        started_ = true;
        return fail("expected object, got " + std::string(name_of(value.type)));
    }
    if (value.type == JsonScalar::Type::null) return true;  // null means absent
    if (slot.shape == Shape::list || slot.shape == Shape::map || slot.type->kind == Kind::object)
        return fail_type(slot, name_of(value.type));
    return set_leaf(slot, open_value(slot.shape, *slot.type, slot.place), value);
}

bool Decoder::set_leaf(const Slot& slot, void* place, const JsonScalar& value) {
    const TypeInfo& type = *slot.type;
    using Type = JsonScalar::Type;
    switch (type.kind) {
        case Kind::boolean:
            if (value.type != Type::boolean) return fail_type(slot, name_of(value.type));
            *static_cast<bool*>(place) = value.boolean;
            return true;
        case Kind::int32:
        case Kind::int64:
        case Kind::number:
            if (value.type != Type::integer && value.type != Type::number) return fail_type(slot, name_of(value.type));
            return set_number(type, place, value);
        case Kind::quantity:
            if (value.type == Type::boolean) return fail_type(slot, name_of(value.type));
            return set_text(type, place, value) && forget_zero(slot);
        case Kind::int_or_string:
            if (value.type == Type::string) {
                *static_cast<IntOrString*>(place) = IntOrString(Str::intern(value.text));
                return true;
            }
            if (value.type != Type::integer) return fail_type(slot, name_of(value.type));
            return set_number(type_info<int32_t>(), &static_cast<IntOrString*>(place)->number, value);
        case Kind::raw:
            raw_.clear();
            raw_comma_ = false;
            raw_scalar(value);
            raw_place_ = place;
            finish_raw();
            return true;
        default:
            if (value.type != Type::string) return fail_type(slot, name_of(value.type));
            return set_text(type, place, value);
    }
}

/// A Quantity that is no pointer in Go is written as "0" when it was never set: then both must be equal.
bool Decoder::forget_zero(const Slot& slot) {
    if (slot.field == nullptr || slot.shape != Shape::plain || slot.field->pointer) return true;
    auto& quantity = *static_cast<Quantity*>(slot.place);
    if (quantity.text == "0") quantity = Quantity();
    return true;
}

bool Decoder::set_number(const TypeInfo& type, void* place, const JsonScalar& value) {
    bool whole = value.type == JsonScalar::Type::integer;
    if (type.kind == Kind::number) {
        *static_cast<double*>(place) = whole ? static_cast<double>(value.integer) : value.number;
        return true;
    }
    if (!whole) return fail(fmt::format("expected {}, got number {}", type.name, clip(value.text)));
    if (type.kind == Kind::int64) {
        *static_cast<int64_t*>(place) = value.integer;
        return true;
    }
    if (value.integer < std::numeric_limits<int32_t>::min() || value.integer > std::numeric_limits<int32_t>::max())
        return fail(fmt::format("number {} is out of range of int32", clip(value.text)));
    *static_cast<int32_t*>(place) = static_cast<int32_t>(value.integer);
    return true;
}

bool Decoder::set_text(const TypeInfo& type, void* place, const JsonScalar& value) {
    auto take = [this](auto parsed, auto* to) {
        if (!parsed) return fail(parsed.error().message());
        *to = std::move(parsed).value();
        return true;
    };
    switch (type.kind) {
        case Kind::quantity: return take(Quantity::parse(value.text), static_cast<Quantity*>(place));
        case Kind::time: return take(Time::parse(value.text), static_cast<Time*>(place));
        case Kind::micro_time: return take(MicroTime::parse(value.text), static_cast<MicroTime*>(place));
        case Kind::bytes:
            if (!is_base64(value.text)) return fail("illegal base64 data");
            *static_cast<Str*>(place) = Str(value.text);  // secrets are not for the table of shared strings
            return true;
        default: break;
    }
    // An Opt<Str> was made present by open_value(); an empty text must leave it so.
    if (!value.text.empty()) *static_cast<Str*>(place) = Str::intern(value.text);
    return true;
}

void Decoder::raw_separator() {
    if (raw_comma_) raw_ += ',';
}

void Decoder::raw_scalar(const JsonScalar& value) {
    switch (value.type) {
        case JsonScalar::Type::null: raw_ += "null"; break;
        case JsonScalar::Type::boolean: raw_ += value.boolean ? "true" : "false"; break;
        case JsonScalar::Type::string: append_json_string(raw_, value.text); break;
        default: raw_ += value.text;
    }
    raw_comma_ = true;
}

void Decoder::finish_raw() {
    static_cast<RawJson*>(raw_place_)->text = Str(raw_);
    raw_.clear();
}

bool Decoder::fail(std::string_view what) {
    error_field_ = path();
    error_ = error_field_.empty() ? std::string(what) : fmt::format("{}: {}", error_field_, what);
    return false;
}

bool Decoder::fail_type(const Slot& slot, std::string_view got) {
    std::string expected = slot.shape == Shape::list         ? "array"
                           : slot.shape == Shape::map        ? "object"
                           : slot.type->kind == Kind::object ? "object"
                                                             : std::string(slot.type->name);
    return fail(fmt::format("expected {}, got {}", expected, got));
}

void Decoder::problem(bool is_duplicate, std::string_view name) {
    if (report_ == nullptr || report_->field_problems.size() >= field_problems_max) return;
    Frame& frame = frames_.back();
    const FieldInfo* current = std::exchange(frame.field, nullptr);
    std::string where = path();
    frame.field = current;
    if (!where.empty() && !name.empty()) where += '.';
    where += clip(name);
    std::string message = is_duplicate ? "duplicate field " : "unknown field ";
    append_json_string(message,
                       where);  // these go into headers: nothing but printable ASCII and UTF-8 may come through
    report_->field_problems.push_back({std::move(where), is_duplicate, std::move(message)});
}

std::string Decoder::path() const {
    std::string out;
    for (const Frame& frame : frames_) {
        if (frame.open == Open::list) {
            out += fmt::format("[{}]", frame.index);
            continue;
        }
        std::string_view name = frame.field != nullptr ? frame.field->name : std::string_view();
        detail::Block* block = frame.open == Open::map ? block_slot(frame.target) : nullptr;
        if (frame.index < detail::block_size(block))
            name = reinterpret_cast<const Str*>(block->elements() + frame.index * detail::map_stride(*frame.type))->view();
        if (name.empty()) continue;
        if (!out.empty()) out += '.';
        out += clip(name);
    }
    return out;
}

}  // namespace orilla::api

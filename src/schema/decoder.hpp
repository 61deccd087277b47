// Turns a stream of JSON events into a typed value through the tables. It holds the stack of open objects, lists and
// maps, and knows the field path at any moment. It stops at the first type error and goes on past unknown fields.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "orilla/schema/codec.hpp"

namespace orilla::api {

/// A JSON scalar as it arrived.
struct JsonScalar {
    enum class Type : uint8_t { null, boolean, integer, number, string } type;
    bool boolean = false;
    int64_t integer = 0;
    double number = 0;
    std::string_view text;  ///< of a string, or a number as written
};

class Decoder {
  public:
    /// Without a target everything is skipped.
    Decoder(const TypeInfo& type, void* target, DecodeReport* report);

    // The events; false: an error() is there and the rest is of no interest.
    bool begin_object();
    bool begin_list();
    void end();
    bool key(std::string_view name);
    bool scalar(const JsonScalar& value);

    const std::string& error() const { return error_; }
    const std::string& error_field() const { return error_field_; }
    bool failed() const { return !error_.empty(); }

  private:
    enum class Open : uint8_t { object, list, map };
    struct Frame {
        Open open;
        bool unsorted = false;             ///< a map whose entries came out of order: sorted at its end
        uint32_t index = 0;                ///< of the current element or entry; of the next expected field
        const TypeInfo* type = nullptr;    ///< of the object, the elements or the map's values
        void* target = nullptr;            ///< the object, or the place of the list's or map's block
        const FieldInfo* field = nullptr;  ///< the current one of an object
        uint64_t seen = 0;                 ///< of the object's first 64 fields those so far, one bit each
        std::vector<bool> seen_more;       ///< of the others, which only large custom types have

        /// Whether the field was there before.
        bool see(size_t field_index);
    };
    /// Where the next value goes.
    struct Slot {
        Shape shape = Shape::plain;
        const TypeInfo* type = nullptr;  ///< nullptr: nowhere, the value is skipped
        void* place = nullptr;
        const FieldInfo* field = nullptr;
    };

    bool next_slot(Slot& slot);
    bool charge(size_t bytes);
    bool object_key(Frame& frame, std::string_view name);
    bool map_key(Frame& frame, std::string_view name);
    void sort_map(Frame& frame);
    void type_meta_key(std::string_view name);
    bool open(Open how, const TypeInfo& type, void* target);
    bool scalar_into(const Slot& slot, const JsonScalar& value);
    bool set_leaf(const Slot& slot, void* place, const JsonScalar& value);
    bool forget_zero(const Slot& slot);
    bool set_number(const TypeInfo& type, void* place, const JsonScalar& value);
    bool set_text(const TypeInfo& type, void* place, const JsonScalar& value);
    void raw_separator();
    void raw_scalar(const JsonScalar& value);
    void finish_raw();

    bool fail(std::string_view what);
    bool fail_type(const Slot& slot, std::string_view got);
    void problem(bool is_duplicate, std::string_view name);
    std::string path() const;

    const TypeInfo& root_;
    void* target_;
    DecodeReport* report_;
    std::vector<Frame> frames_;
    size_t decoded_bytes_ = 0;
    bool started_ = false;
    std::string* type_meta_ = nullptr;  ///< where the value of kind or apiVersion goes
    bool skip_next_ = false;            ///< the value of an unknown field comes
    int skip_depth_ = 0;                ///< inside such a value
    // A RawJson is rebuilt as compact text.
    int raw_depth_ = 0;
    bool raw_comma_ = false;
    void* raw_place_ = nullptr;
    std::string raw_;
    std::vector<bool> raw_is_object_;
    std::string error_;
    std::string error_field_;  ///< where it was found
};

}  // namespace orilla::api

// The members of API structs: Str, Opt, Box, List and Map. Each is one word (Opt: the value and a flag), all zero when
// empty, and movable with memcpy. Destruction and copying go through TypeInfo out of line, so that 200 structs do not
// become 200 destructors. They belong to the loop's thread: reference counts are not atomic.
#pragma once

#include <cassert>
#include <concepts>
#include <cstring>
#include <initializer_list>
#include <string>
#include <type_traits>
#include <utility>

#include "orilla/schema/type_info.hpp"

namespace orilla::api {

/// An immutable, reference counted string in one word. Converts to std::string_view; empty means absent.
class Str {
  public:
    Str() noexcept = default;
    Str(std::string_view text) : rep_(make(text)) {}
    Str(const char* text) : Str(std::string_view(text)) {}
    Str(const std::string& text) : Str(std::string_view(text)) {}
    Str(const Str& other) noexcept : rep_(other.rep_) {
        if (rep_ != nullptr) ++rep_->references;
    }
    Str(Str&& other) noexcept : rep_(std::exchange(other.rep_, nullptr)) {}
    Str& operator=(Str other) noexcept { return std::swap(rep_, other.rep_), *this; }
    ~Str() {
        if (rep_ != nullptr && --rep_->references == 0) release(rep_);
    }
    /// Shares one copy among equal short strings seen lately ("Always", "TCP", label keys).
    static Str intern(std::string_view text);
    /// Lets go of the copies that nobody shares.
    static void forget_interned();

    operator std::string_view() const noexcept { return view(); }
    std::string_view view() const noexcept {
        return rep_ == nullptr ? std::string_view() : std::string_view(rep_->text(), rep_->size);
    }
    std::string str() const { return std::string(view()); }
    const char* data() const noexcept { return view().data(); }
    size_t size() const noexcept { return rep_ == nullptr ? 0 : rep_->size; }
    bool empty() const noexcept { return size() == 0; }

    friend bool operator==(const Str& a, const Str& b) { return a.rep_ == b.rep_ || a.view() == b.view(); }
    template <class T>
    requires(std::convertible_to<const T&, std::string_view> && !std::same_as<T, Str>) friend bool operator==(const Str& a,
                                                                                                              const T& b) {
        return a.view() == std::string_view(b);
    }
    friend auto operator<=>(const Str& a, const Str& b) { return a.view() <=> b.view(); }

  private:
    template <class T>
    friend class Opt;
    struct Rep {
        uint32_t references;
        uint32_t size;
        const char* text() const { return reinterpret_cast<const char*>(this + 1); }
    };
    static Rep* make(std::string_view text);
    static Rep* make_empty();  // present although empty, for Opt<Str>
    static void release(Rep* rep) noexcept;
    Rep* rep_ = nullptr;
};

/// A scalar that may be absent; std::optional with a layout that tables can read.
template <class T>
class Opt {
  public:
    Opt() noexcept = default;
    Opt(T value) : value_(std::move(value)), has_(true) {}
    bool has_value() const noexcept { return has_; }
    explicit operator bool() const noexcept { return has_; }
    const T& operator*() const { return assert(has_), value_; }
    T& operator*() { return assert(has_), value_; }
    const T& value() const { return **this; }
    const T* operator->() const { return &**this; }
    T* operator->() { return &**this; }
    T value_or(T other) const { return has_ ? value_ : other; }
    void reset() { *this = Opt(); }
    friend bool operator==(const Opt& a, const Opt& b) { return a.has_ == b.has_ && (!a.has_ || a.value_ == b.value_); }
    /// Absent equals no value.
    friend bool operator==(const Opt& a, const T& b) { return a.has_ && a.value_ == b; }

  private:
    T value_{};
    bool has_ = false;
};

/// An optional string in one word; present and empty is possible.
template <>
class Opt<Str> {
  public:
    Opt() noexcept = default;
    template <class T>
    requires std::convertible_to<const T&, std::string_view> Opt(const T& text) : Opt(Str(std::string_view(text))) {}
    Opt(Str text) : text_(std::move(text)) {
        if (text_.rep_ == nullptr) text_.rep_ = Str::make_empty();
    }
    bool has_value() const noexcept { return text_.rep_ != nullptr; }
    explicit operator bool() const noexcept { return has_value(); }
    const Str& operator*() const { return assert(has_value()), text_; }
    const Str& value() const { return **this; }
    const Str* operator->() const { return &**this; }
    /// "" when absent.
    std::string_view value_or(std::string_view other) const { return has_value() ? text_.view() : other; }
    void reset() { text_ = Str(); }
    friend bool operator==(const Opt& a, const Opt& b) { return a.has_value() == b.has_value() && a.text_ == b.text_; }
    template <class T>
    requires std::convertible_to<const T&, std::string_view>
    friend bool operator==(const Opt& a, const T& b) { return a.has_value() && a.text_.view() == std::string_view(b); }

  private:
    Str text_;
};

namespace detail {
/// The heap block of List and Map: a header, then the elements.
struct Block {
    uint32_t size;
    uint32_t capacity;
    std::byte* elements() { return reinterpret_cast<std::byte*>(this + 1); }
    const std::byte* elements() const { return reinterpret_cast<const std::byte*>(this + 1); }
};
inline uint32_t block_size(const Block* block) { return block == nullptr ? 0 : block->size; }
/// Makes room for `capacity` elements of `stride` bytes; the elements move.
void block_reserve(Block*& block, size_t stride, uint32_t capacity);
/// Gives back the room beyond the size.
void block_trim(Block*& block, size_t stride);
/// Opens a gap of one zeroed element at `index` and returns it.
void* block_insert(Block*& block, size_t stride, uint32_t index);
/// Closes the gap that destroyed elements left; frees the block with the last of them.
void block_erase(Block*& block, size_t stride, uint32_t index, uint32_t count);
void list_free(Block* block, const TypeInfo& element);
Block* list_copy(const Block* block, const TypeInfo& element);
bool list_equal(const Block* a, const Block* b, const TypeInfo& element);

/// Map entries are a Str and then the value where its alignment lets it stand, in key order: on 32-bit processors times stand
/// behind a gap.
size_t map_value_offset(const TypeInfo& value);
size_t map_stride(const TypeInfo& value);
void map_free(Block* block, const TypeInfo& value);
Block* map_copy(const Block* block, const TypeInfo& value);
bool map_equal(const Block* a, const Block* b, const TypeInfo& value);
/// Index of the first entry whose key is not less than `key`.
uint32_t map_lower_bound(const Block* block, size_t stride, std::string_view key);

void* box_make(const TypeInfo& type);
void box_free(void* value, const TypeInfo& type);
void* box_copy(const void* value, const TypeInfo& type);
}  // namespace detail

/// A struct that may be absent, on the heap, copied deeply.
template <class T>
class Box {
  public:
    Box() noexcept = default;
    Box(std::nullptr_t) noexcept {}
    Box(T value) { ensure() = std::move(value); }
    Box(const Box& other) : value_(copy(other.value_)) {}
    Box(Box&& other) noexcept : value_(std::exchange(other.value_, nullptr)) {}
    Box& operator=(Box other) noexcept { return std::swap(value_, other.value_), *this; }
    ~Box() { reset(); }

    explicit operator bool() const noexcept { return value_ != nullptr; }
    bool has_value() const noexcept { return value_ != nullptr; }
    T* get() noexcept { return value_; }
    const T* get() const noexcept { return value_; }
    T& operator*() { return assert(value_ != nullptr), *value_; }
    const T& operator*() const { return assert(value_ != nullptr), *value_; }
    T* operator->() { return &**this; }
    const T* operator->() const { return &**this; }
    /// The value, made first when absent.
    T& ensure() {
        if (value_ == nullptr) value_ = static_cast<T*>(detail::box_make(type_info<T>()));
        return *value_;
    }
    T& emplace() { return reset(), ensure(); }
    void reset() {
        if (value_ != nullptr) detail::box_free(std::exchange(value_, nullptr), type_info<T>());
    }
    friend bool operator==(const Box& a, const Box& b) {
        if (a.value_ == nullptr || b.value_ == nullptr) return a.value_ == b.value_;
        return equal_values(type_info<T>(), a.value_, b.value_);
    }

  private:
    static T* copy(const T* from) {
        return from == nullptr ? nullptr : static_cast<T*>(detail::box_copy(from, type_info<T>()));
    }
    T* value_ = nullptr;
};

/// A vector in one word.
template <class T>
class List {
  public:
    using value_type = T;
    using iterator = T*;
    using const_iterator = const T*;
    List() noexcept = default;
    List(std::initializer_list<T> values) : List(values.begin(), values.end()) {}
    template <class It>
    requires requires(It it) { *it, ++it; }
    List(It first, It last) {
        for (; first != last; ++first) push_back(T(*first));
    }
    List(const List& other) : block_(copy(other.block_)) {}
    List(List&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    List& operator=(List other) noexcept { return std::swap(block_, other.block_), *this; }
    ~List() { clear(); }

    size_t size() const noexcept { return detail::block_size(block_); }
    bool empty() const noexcept { return size() == 0; }
    T* data() noexcept { return block_ == nullptr ? nullptr : reinterpret_cast<T*>(block_->elements()); }
    const T* data() const noexcept { return block_ == nullptr ? nullptr : reinterpret_cast<const T*>(block_->elements()); }
    iterator begin() noexcept { return data(); }
    iterator end() noexcept { return data() + size(); }
    const_iterator begin() const noexcept { return data(); }
    const_iterator end() const noexcept { return data() + size(); }
    T& operator[](size_t i) { return assert(i < size()), data()[i]; }
    const T& operator[](size_t i) const { return assert(i < size()), data()[i]; }
    T& front() { return (*this)[0]; }
    const T& front() const { return (*this)[0]; }
    T& back() { return (*this)[size() - 1]; }
    const T& back() const { return (*this)[size() - 1]; }

    void reserve(size_t count) { detail::block_reserve(block_, sizeof(T), static_cast<uint32_t>(count)); }
    /// By value: the argument may live in this list.
    void push_back(T value) { *static_cast<T*>(open(size())) = std::move(value); }
    template <class... Args>
    T& emplace_back(Args&&... args) {
        push_back(T{std::forward<Args>(args)...});
        return back();
    }
    iterator insert(const_iterator at, T value) {
        size_t index = static_cast<size_t>(at - begin());
        *static_cast<T*>(open(index)) = std::move(value);
        return begin() + index;
    }
    iterator erase(const_iterator at) { return erase(at, at + 1); }
    iterator erase(const_iterator first, const_iterator last) {
        size_t index = static_cast<size_t>(first - begin());
        for (const_iterator it = first; it != last; ++it) it->~T();
        if (first != last)
            detail::block_erase(block_, sizeof(T), static_cast<uint32_t>(index), static_cast<uint32_t>(last - first));
        return begin() + index;
    }
    void pop_back() { erase(end() - 1); }
    void clear() {
        if (block_ != nullptr) detail::list_free(std::exchange(block_, nullptr), type_info<T>());
    }
    friend bool operator==(const List& a, const List& b) { return detail::list_equal(a.block_, b.block_, type_info<T>()); }

  private:
    void* open(size_t index) { return detail::block_insert(block_, sizeof(T), static_cast<uint32_t>(index)); }
    static detail::Block* copy(const detail::Block* from) {
        return from == nullptr ? nullptr : detail::list_copy(from, type_info<T>());
    }
    detail::Block* block_ = nullptr;
};

/// A flat map from Str, sorted by key, in one word. Iterates over entries {key, value}; a key must not be changed.
template <class T>
class Map {
  public:
    struct Entry {
        Str key;
        T value;
    };
    using value_type = Entry;
    using iterator = Entry*;
    using const_iterator = const Entry*;
    Map() noexcept = default;
    Map(std::initializer_list<Entry> entries) {
        for (const Entry& entry : entries) (*this)[entry.key] = entry.value;
    }
    Map(const Map& other) : block_(copy(other.block_)) {}
    Map(Map&& other) noexcept : block_(std::exchange(other.block_, nullptr)) {}
    Map& operator=(Map other) noexcept { return std::swap(block_, other.block_), *this; }
    ~Map() { clear(); }

    size_t size() const noexcept { return detail::block_size(block_); }
    bool empty() const noexcept { return size() == 0; }
    iterator begin() noexcept { return block_ == nullptr ? nullptr : reinterpret_cast<Entry*>(block_->elements()); }
    iterator end() noexcept { return begin() + size(); }
    const_iterator begin() const noexcept {
        return block_ == nullptr ? nullptr : reinterpret_cast<const Entry*>(block_->elements());
    }
    const_iterator end() const noexcept { return begin() + size(); }
    iterator find(std::string_view key) { return begin() + (std::as_const(*this).find(key) - begin()); }
    const_iterator find(std::string_view key) const {
        const_iterator at = begin() + lower_bound(key);
        return at != end() && at->key == key ? at : end();
    }
    bool contains(std::string_view key) const { return find(key) != end(); }
    /// The value, or nullptr.
    const T* get(std::string_view key) const {
        const_iterator at = find(key);
        return at == end() ? nullptr : &at->value;
    }
    /// The value, made first when absent.
    T& operator[](std::string_view key) {
        uint32_t index = lower_bound(key);
        if (index < size() && begin()[index].key == key) return begin()[index].value;
        auto* entry = static_cast<Entry*>(detail::block_insert(block_, sizeof(Entry), index));
        entry->key = Str(key);
        return entry->value;
    }
    /// How many were removed: 0 or 1.
    size_t erase(std::string_view key) {
        iterator at = find(key);
        return at == end() ? 0 : (erase(at), 1);
    }
    iterator erase(const_iterator at) {
        auto index = static_cast<uint32_t>(at - begin());
        at->~Entry();
        detail::block_erase(block_, sizeof(Entry), index, 1);
        return begin() + index;
    }
    void clear() {
        if (block_ != nullptr) detail::map_free(std::exchange(block_, nullptr), type_info<T>());
    }
    friend bool operator==(const Map& a, const Map& b) { return detail::map_equal(a.block_, b.block_, type_info<T>()); }

  private:
    uint32_t lower_bound(std::string_view key) const { return detail::map_lower_bound(block_, sizeof(Entry), key); }
    static detail::Block* copy(const detail::Block* from) {
        return from == nullptr ? nullptr : detail::map_copy(from, type_info<T>());
    }
    detail::Block* block_ = nullptr;
};

/// Equality of generated structs, member by member through their tables.
template <class T>
requires requires { typename T::ApiStruct; }
bool operator==(const T& a, const T& b) { return equal_values(type_info<T>(), &a, &b); }

}  // namespace orilla::api

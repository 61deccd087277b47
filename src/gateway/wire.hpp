// Values as few bytes, and back: numbers seven bits a byte, texts and lists behind their lengths, nothing named. Both ends are
// the same binary. The reader takes its bytes for hostile: it never reads behind the end, makes no room for what is not there,
// and refuses what could have been written in another way.
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "orilla/base/ipv4.hpp"

namespace orilla::gateway {

/// What a value's fields are is told once, for both directions, by `void fields(Wire&, Value&)`, found where the value is.
class WireWriter {
  public:
    explicit WireWriter(std::string& out) : out_(out) {}
    template <class... T>
    void operator()(const T&... values) {
        (put(values), ...);
    }

  private:
    void put_number(uint64_t value) {
        for (; value >= 0x80; value >>= 7) out_ += static_cast<char>((value & 0x7f) | 0x80);
        out_ += static_cast<char>(value);
    }
    template <class T>
    void put(const T& value) {
        if constexpr (std::is_enum_v<T>) put_number(static_cast<uint64_t>(value));
        else if constexpr (std::is_signed_v<T>)
            put_number((static_cast<uint64_t>(value) << 1) ^ static_cast<uint64_t>(int64_t{value} >> 63));
        else if constexpr (std::is_unsigned_v<T>) put_number(value);
        else fields(*this, value);
    }
    void put(const Ipv4& ip) { put_number(ip.value); }
    void put(const std::string& text) {
        put_number(text.size());
        out_ += text;
    }
    template <class A, class B>
    void put(const std::pair<A, B>& pair) {
        put(pair.first);
        put(pair.second);
    }
    template <class T>
    void put(const std::optional<T>& value) {
        put(value.has_value());
        if (value) put(*value);
    }
    template <class T>
    void put(const std::vector<T>& list) {
        put_number(list.size());
        for (const T& value : list) put(value);
    }
    template <class... T>
    void put(const std::variant<T...>& value) {
        put_number(value.index());
        std::visit([this](const auto& held) { this->put(held); }, value);
    }

    std::string& out_;
};

/// After the last field `is_whole` says whether all of it was good and nothing is left.
class WireReader {
  public:
    explicit WireReader(std::string_view bytes) : left_(bytes) {}
    template <class... T>
    void operator()(T&... values) {
        (get(values), ...);
    }
    bool is_whole() const { return !failed_ && left_.empty(); }
    void fail() { failed_ = true; }

  private:
    uint64_t get_number() {
        uint64_t value = 0;
        for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
            const auto byte = static_cast<uint8_t>(left_.front());
            left_.remove_prefix(1);
            value |= static_cast<uint64_t>(byte & 0x7f) << shift;
            if (byte & 0x80) continue;
            // Neither zeros in front nor bits that do not fit.
            if ((byte == 0 && shift > 0) || (shift == 63 && byte > 1)) break;
            return value;
        }
        failed_ = true;
        return 0;
    }
    /// Each entry of a list takes a byte at least.
    size_t get_size() {
        const uint64_t size = get_number();
        if (size <= left_.size()) return static_cast<size_t>(size);
        failed_ = true;
        return 0;
    }
    template <class T>
    void get(T& value) {
        if constexpr (std::is_enum_v<T>) {
            const uint64_t number = get_number();
            if (number > static_cast<uint64_t>(last_of(T{}))) return fail();
            value = static_cast<T>(number);
        } else if constexpr (std::is_signed_v<T>) {
            const uint64_t number = get_number();
            const auto wide = static_cast<int64_t>((number >> 1) ^ (~(number & 1) + 1));
            value = static_cast<T>(wide);
            if (value != wide) failed_ = true;
        } else if constexpr (std::is_unsigned_v<T>) {
            const uint64_t number = get_number();
            value = static_cast<T>(number);
            if (value != number) failed_ = true;
        } else {
            fields(*this, value);
        }
    }
    void get(Ipv4& ip) { get(ip.value); }
    void get(std::string& text) {
        const size_t size = get_size();
        text.assign(left_.substr(0, size));
        left_.remove_prefix(size);
    }
    template <class A, class B>
    void get(std::pair<A, B>& pair) {
        get(pair.first);
        get(pair.second);
    }
    template <class T>
    void get(std::optional<T>& value) {
        bool is_there = false;
        get(is_there);
        if (is_there) get(value.emplace());
    }
    template <class T>
    void get(std::vector<T>& list) {
        const size_t size = get_size();
        // Grows with what is read: a length alone costs nothing.
        for (size_t i = 0; i < size && !failed_; ++i) get(list.emplace_back());
    }
    template <class... T>
    void get(std::variant<T...>& value) {
        get_alternative(value, get_number(), std::index_sequence_for<T...>());
    }
    template <class... T, size_t... index>
    void get_alternative(std::variant<T...>& value, uint64_t chosen, std::index_sequence<index...>) {
        const bool is_known = ((chosen == index && (get(value.template emplace<index>()), true)) || ...);
        if (!is_known) failed_ = true;
    }

    std::string_view left_;
    bool failed_ = false;
};

/// A `fields` of both directions takes its value by this.
template <class T, class Value>
concept Either = std::same_as<std::remove_const_t<T>, Value>;

}  // namespace orilla::gateway

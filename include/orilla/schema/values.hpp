// The small value types of the API: Quantity, IntOrString, Time, MicroTime and RawJson. All zero bytes when absent.
// Parsing is strict and prints back the canonical form that Kubernetes prints.
#pragma once

#include <string>

#include "orilla/base/result.hpp"
#include "orilla/schema/containers.hpp"

namespace orilla::api {

/// An amount such as 500m or 1Gi. `text` is canonical (largest suffix without fractions, the suffix family kept) and
/// empty when absent; everything else is computed from it.
struct Quantity {
    Str text;

    bool empty() const { return text.empty(); }
    /// Makes the text canonical; refuses what is no quantity.
    static Result<Quantity> parse(std::string_view text);
    static Quantity from_milli(int64_t milli);  ///< decimal: 1500 -> "1500m"
    static Quantity from_bytes(int64_t bytes);  ///< binary: 1048576 -> "1Mi"
    /// Rounded up to whole units, saturated; 0 when absent.
    int64_t value() const;
    /// Rounded up to thousandths, saturated; 0 when absent.
    int64_t milli_value() const;
    /// Negative, 0 or positive; absent counts as zero.
    int compare(const Quantity& other) const;
    /// The sum or difference in this quantity's suffix family (the other's when this is absent).
    Quantity plus(const Quantity& other) const;
    Quantity minus(const Quantity& other) const;
    friend bool operator==(const Quantity& a, const Quantity& b) { return a.text == b.text; }
};

/// A number, or a name or percentage such as "http" or "25%".
struct IntOrString {
    bool is_string = false;
    int32_t number = 0;
    Str text;

    IntOrString() = default;
    IntOrString(int32_t value) : number(value) {}
    IntOrString(Str value) : is_string(true), text(std::move(value)) {}
    /// The number itself, or the percentage of `total`; refuses other text.
    Result<int32_t> resolve(int32_t total, bool round_up) const;
    /// As it would be typed: 80, http, 25%.
    std::string to_string() const;
    friend bool operator==(const IntOrString& a, const IntOrString& b) {
        return a.is_string == b.is_string && a.number == b.number && a.text == b.text;
    }
};

/// Whole seconds since 1970, UTC.
struct Time {
    int64_t unix_s = 0;
    bool set = false;

    Time() = default;
    explicit Time(int64_t seconds) : unix_s(seconds), set(true) {}
    explicit operator bool() const { return set; }
    static Result<Time> parse(std::string_view rfc3339);
    std::string format() const;  ///< 2006-01-02T15:04:05Z; "" when absent
    friend auto operator<=>(const Time&, const Time&) = default;
};

/// Microseconds since 1970, UTC.
struct MicroTime {
    int64_t unix_us = 0;
    bool set = false;

    MicroTime() = default;
    explicit MicroTime(int64_t microseconds) : unix_us(microseconds), set(true) {}
    explicit operator bool() const { return set; }
    static Result<MicroTime> parse(std::string_view rfc3339);
    std::string format() const;  ///< 2006-01-02T15:04:05.000000Z; "" when absent
    friend auto operator<=>(const MicroTime&, const MicroTime&) = default;
};

/// Any JSON value as compact text; empty when absent.
struct RawJson {
    Str text;

    bool empty() const { return text.empty(); }
    friend bool operator==(const RawJson& a, const RawJson& b) { return a.text == b.text; }
};

template <>
const TypeInfo& type_info<bool>();
template <>
const TypeInfo& type_info<int32_t>();
template <>
const TypeInfo& type_info<int64_t>();
template <>
const TypeInfo& type_info<double>();
template <>
const TypeInfo& type_info<Str>();
template <>
const TypeInfo& type_info<Quantity>();
template <>
const TypeInfo& type_info<IntOrString>();
template <>
const TypeInfo& type_info<Time>();
template <>
const TypeInfo& type_info<MicroTime>();
template <>
const TypeInfo& type_info<RawJson>();
/// Base64 text: a Str in C++, checked by the codec.
const TypeInfo& bytes_type_info();

}  // namespace orilla::api

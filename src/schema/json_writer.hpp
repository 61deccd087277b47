// Appends JSON to a std::string through bare pointers: the string grows ahead of the text and is cut to length at the
// end. What it grows at a time follows what this writer wrote, so that many small writes to one long string stay cheap.
#pragma once

#include <charconv>
#include <cstring>
#include <string>
#include <string_view>

namespace orilla::api {

class JsonWriter {
  public:
    explicit JsonWriter(std::string& out) : out_(out), start_(out.size()), at_(out.size()) {}
    JsonWriter(const JsonWriter&) = delete;
    ~JsonWriter() { out_.resize(at_); }

    size_t size() const { return at_; }
    void put(char c) {
        if (at_ == out_.size()) grow(1);
        out_[at_++] = c;
    }
    void put(std::string_view text) {
        if (text.empty()) return;
        if (out_.size() - at_ < text.size()) grow(text.size());
        std::memcpy(out_.data() + at_, text.data(), text.size());
        at_ += text.size();
    }
    /// "name": with a comma before it unless it is the first.
    void key(std::string_view name, bool first) {
        size_t length = name.size() + 4;
        if (out_.size() - at_ < length) grow(length);
        char* to = out_.data() + at_;
        if (!first) *to++ = ',';
        *to++ = '"';
        std::memcpy(to, name.data(), name.size());
        to += name.size();
        *to++ = '"';
        *to++ = ':';
        at_ = static_cast<size_t>(to - out_.data());
    }
    /// A JSON string, quotes included.
    void text(std::string_view text);
    template <class T>
    void number(T number) {
        char digits[32];
        auto [end, ec] = std::to_chars(digits, digits + sizeof digits, number);
        put(std::string_view(digits, static_cast<size_t>(end - digits)));
    }

  private:
    void grow(size_t least);
    std::string& out_;
    size_t start_;
    size_t at_;
};

}  // namespace orilla::api

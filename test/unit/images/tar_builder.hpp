// Makes tar archives, well-formed and hostile ones, for the tests of what reads them.
#pragma once

#include <cstdint>
#include <cstdio>
#include <cstring>
#include <string>

namespace orilla::images {

struct TarMember {
    std::string path;
    char type = '0';
    std::string content;
    std::string link;
    unsigned mode = 0644;
    unsigned uid = 0;
    unsigned gid = 0;
    long mtime = 1'700'000'000;
};

class TarBuilder {
  public:
    TarBuilder& add(const TarMember& member) {
        header(member, member.path, member.type, member.content.size());
        body(member.content);
        return *this;
    }
    TarBuilder& file(const std::string& path, const std::string& content) { return add({path, '0', content, "", 0644, 0, 0}); }
    TarBuilder& directory(const std::string& path) { return add({path, '5', "", "", 0755, 0, 0}); }
    TarBuilder& symlink(const std::string& path, const std::string& to) { return add({path, '2', "", to, 0777, 0, 0}); }
    TarBuilder& hard_link(const std::string& path, const std::string& to) { return add({path, '1', "", to, 0644, 0, 0}); }
    /// One extended header for the next member, of "key=value" records.
    TarBuilder& pax(std::initializer_list<std::string> records, char type = 'x') {
        std::string text;
        for (const auto& record : records) {
            size_t length = record.size() + 3;
            while (std::to_string(length).size() + 2 + record.size() != length) ++length;
            text += std::to_string(length) + " " + record + "\n";
        }
        TarMember member;
        member.path = "pax";
        header(member, "pax", type, text.size());
        body(text);
        return *this;
    }
    TarBuilder& gnu_long_name(const std::string& name, char type = 'L') {
        TarMember member;
        header(member, "././@LongLink", type, name.size() + 1);
        body(name + '\0');
        return *this;
    }
    std::string bytes() const { return text_ + std::string(1024, '\0'); }
    std::string without_end() const { return text_; }

    static void seal(char* block) {
        std::memset(block + 148, ' ', 8);
        unsigned sum = 0;
        for (int i = 0; i < 512; ++i) sum += static_cast<unsigned char>(block[i]);
        std::snprintf(block + 148, 8, "%06o", sum);
    }

  private:
    void header(const TarMember& member, const std::string& path, char type, size_t size) {
        char block[513] = {};
        std::snprintf(block, 100, "%s", path.c_str());
        std::snprintf(block + 100, 8, "%07o", member.mode);
        std::snprintf(block + 108, 8, "%07o", member.uid);
        std::snprintf(block + 116, 8, "%07o", member.gid);
        std::snprintf(block + 124, 12, "%011zo", size);
        std::snprintf(block + 136, 12, "%011lo", member.mtime);
        block[156] = type;
        std::snprintf(block + 157, 100, "%s", member.link.c_str());
        std::memcpy(block + 257, "ustar\00000", 8);
        seal(block);
        text_.append(block, 512);
    }
    void body(const std::string& content) {
        text_ += content;
        text_.append((512 - content.size() % 512) % 512, '\0');
    }
    std::string text_;
};

}  // namespace orilla::images

// Documents compared with files under test/golden. ORILLA_GOLDEN_ACCEPT=1 rewrites the files instead: look at the diff
// before you commit it.
#pragma once

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

namespace orilla::test {

/// JSON with one member a line, so that a diff names what changed.
inline std::string spread_json(std::string_view json) {
    std::string out;
    size_t depth = 0;
    bool in_string = false;
    for (size_t i = 0; i < json.size(); ++i) {
        const char c = json[i];
        if (in_string) {
            out += c;
            if (c == '\\' && i + 1 < json.size()) out += json[++i];
            if (c == '"') in_string = false;
            continue;
        }
        if (c == '}' || c == ']') {
            --depth;
            if (json[i - 1] != '{' && json[i - 1] != '[') out += "\n" + std::string(depth * 2, ' ');
        }
        out += c;
        if (c == '"') in_string = true;
        const bool opens = c == '{' || c == '[';
        if (opens) ++depth;
        const bool empty = opens && i + 1 < json.size() && (json[i + 1] == '}' || json[i + 1] == ']');
        if ((opens && !empty) || c == ',') out += "\n" + std::string(depth * 2, ' ');
    }
    return out;
}

inline void check_golden(const std::string& name, const std::string& text) {
    const std::filesystem::path path = std::filesystem::path(ORILLA_GOLDEN_DIR) / name;
    if (std::getenv("ORILLA_GOLDEN_ACCEPT")) {
        std::filesystem::create_directories(path.parent_path());
        std::ofstream(path) << text;
        return;
    }
    std::ifstream file(path);
    std::stringstream expected;
    expected << file.rdbuf();
    INFO("differs from " << path << "; ORILLA_GOLDEN_ACCEPT=1 rewrites it");
    CHECK(text == expected.str());
}

}  // namespace orilla::test

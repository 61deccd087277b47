// What is wrong with a YAML text, for the person who wrote it: where it is, what is there, what to do. The parser knows only
// where it gave up; the lines around tell why. Pure.
#pragma once

#include <string>
#include <string_view>

namespace orilla::api {

struct YamlFault {
    int line = 0;  ///< counted from 0 in the text
    std::string what;
};

constexpr std::string_view yaml_template_fault =
    "{{ begins a template, which is no YAML yet: render it first (helm template), or put the whole value in quotes";

/// `line` is where yaml-cpp stopped, `message` what it said.
YamlFault explain_yaml_fault(std::string_view text, int line, std::string_view message);

}  // namespace orilla::api

#include <fmt/core.h>

#include <array>
#include <boost/json.hpp>
#include <set>

#include "describe/kind_descriptions.hpp"
#include "print/output.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr std::array columns{"min", "max", "defaultRequest", "default", "maxLimitRequestRatio"};

void describe_items(Description& out, const json::object& range, const std::string& indent) {
    for (const auto& one : array_at(object_at(range, "spec"), "limits")) {
        const json::object& item = one.get_object();
        std::set<std::string> names;
        for (const char* column : columns)
            for (const auto& amount : object_at(item, column)) names.emplace(amount.key());
        for (const auto& name : names) {
            std::string text = fmt::format("{}{}\t{}", indent, text_at(item, "type"), name);
            for (const char* column : columns) {
                const std::string amount = text_at(object_at(item, column), name);
                text += "\t" + (amount.empty() ? "-" : amount);
            }
            out.line(0, text);
        }
    }
}

void describe_heading(Description& out, const std::string& indent) {
    out.line(0, indent + "Type\tResource\tMin\tMax\tDefault Request\tDefault Limit\tMax Limit/Request Ratio");
    out.line(0, indent + "----\t--------\t---\t---\t---------------\t-------------\t-----------------------");
}

void describe_limit_range(Description& out, const json::object& object, const Surroundings&) {
    describe_heading(out, "");
    describe_items(out, object, "");
}

}  // namespace

void describe_limit_ranges(Description& out, const json::array& ranges) {
    if (ranges.empty()) return out.line(0, "No LimitRange resource.");
    out.line(0, "Resource Limits");
    describe_heading(out, " ");
    for (const auto& range : ranges) describe_items(out, range.get_object(), " ");
}

const KindDescription limitrange_description{api::kind_of<api::LimitRange>, describe_limit_range, {}, nullptr, false};

}  // namespace orilla::cli

// top node and top pod: what metrics.k8s.io tells, as kubectl prints it.
#include "verbs/top.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>
#include <ctime>

#include "orilla/kinds/types.hpp"
#include "orilla/schema/age.hpp"
#include "print/output.hpp"
#include "resources.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr int64_t mebibyte = 1024 * 1024;
constexpr int64_t young_s_max = 120;  ///< a pod so young need not have been measured yet

api::Quantity quantity_at(const json::object& resources, std::string_view name) {
    const auto parsed = api::Quantity::parse(text_at(resources, name));
    return parsed ? *parsed : api::Quantity{};
}

struct Used {
    int64_t cpu_milli = 0;
    int64_t memory_bytes = 0;
    void add(const Used& other) {
        cpu_milli += other.cpu_milli;
        memory_bytes += other.memory_bytes;
    }
    std::string cpu() const { return fmt::format("{}m", cpu_milli); }
    std::string memory() const { return fmt::format("{}Mi", memory_bytes / mebibyte); }
};

Used used_of(const json::object& resources) {
    return {quantity_at(resources, "cpu").milli_value(), quantity_at(resources, "memory").value()};
}

/// A pod, one of its containers or a node.
struct Line {
    std::string ns, name, container;
    Used used;
};

/// By --sort-by, the greatest first; as they came without it.
void sort_lines(const Options& options, std::vector<Line>& lines) {
    if (options.sort_by == "cpu") std::ranges::stable_sort(lines, std::greater(), [](auto& one) { return one.used.cpu_milli; });
    if (options.sort_by == "memory")
        std::ranges::stable_sort(lines, std::greater(), [](auto& one) { return one.used.memory_bytes; });
}

/// One line a pod; `containers` gets those of its containers.
Line pod_line(const json::object& pod, std::vector<Line>& containers) {
    const json::object& meta = object_at(pod, "metadata");
    Line line{text_at(meta, "namespace"), text_at(meta, "name"), "", {}};
    for (const auto& container : array_at(pod, "containers")) {
        const Used used = used_of(object_at(container.as_object(), "usage"));
        containers.push_back({line.ns, line.name, text_at(container.as_object(), "name"), used});
        line.used.add(used);
    }
    return line;
}

/// The containers of a pod stay together.
std::vector<Line> container_lines(const Options& options, const std::vector<Line>& pods, const std::vector<Line>& containers) {
    std::vector<Line> lines;
    for (const Line& pod : pods) {
        std::vector<Line> own;
        for (const Line& one : containers)
            if (one.ns == pod.ns && one.name == pod.name) own.push_back(one);
        sort_lines(options, own);
        lines.insert(lines.end(), own.begin(), own.end());
    }
    return lines;
}

std::string percent_of(int64_t used, int64_t total) {
    if (total <= 0) return "<unknown>";
    return fmt::format("{}%", static_cast<int64_t>(static_cast<double>(used) / static_cast<double>(total) * 100));
}

std::string metrics_path(const Options& options, const api::KindInfo& kind) {
    const std::string name = options.args.size() > 1 ? options.args[1] : "";
    return path_of(kind, namespace_for(kind, options), name) + (name.empty() ? list_query(options) : "");
}

/// One object, or all of a list.
Result<json::array> fetch_metrics(Client& client, const Options& options, const api::KindInfo& kind) {
    Request request;
    request.path = metrics_path(options, kind);
    TRY(const std::string body, client.send(request));
    TRY(json::object answer, parse_object(body));
    if (options.args.size() > 1) return json::array{std::move(answer)};
    return array_at(answer, "items");
}

/// kubectl's words for a list that is empty: there are no pods, or none that was measured.
Result<void> explain_none(Client& client, const Options& options) {
    Request request;
    request.path = path_of(api::kind_of<api::Pod>(), namespace_for(api::kind_of<api::Pod>(), options)) + list_query(options);
    TRY(const std::string body, client.send(request));
    TRY(const json::object list, parse_object(body));
    for (const auto& pod : array_at(list, "items")) {
        const json::object& meta = object_at(pod.as_object(), "metadata");
        const auto made = api::Time::parse(text_at(meta, "creationTimestamp"));
        const int64_t age_s = made ? time(nullptr) - made->unix_s : 0;
        if (age_s < young_s_max) return Error(Code::unavailable, "error: metrics not available yet");
        return Error(Code::unavailable,
                     fmt::format("error: Metrics not available for pod {}/{}, age: {}", text_at(meta, "namespace"),
                                 text_at(meta, "name"), api::render_duration(age_s)));
    }
    const std::string place = options.all_namespaces ? "" : fmt::format(" in {} namespace.", namespace_of(options));
    complain(fmt::format("No resources found{}\n", place));
    return ok();
}

Result<void> top_pods(Client& client, const Options& options) {
    if (options.show_capacity) return usage_with_help(options, "unknown flag: --show-capacity");
    if (options.args.size() > 1 && options.all_namespaces)
        return usage("a resource cannot be retrieved by name across all namespaces");
    TRY(const json::array metrics, fetch_metrics(client, options, api::kind_of<api::PodMetrics>()));
    if (metrics.empty()) return explain_none(client, options);
    print(render_top_pods(options, metrics));
    return ok();
}

Result<void> top_nodes(Client& client, const Options& options) {
    const char* const of_pods = options.all_namespaces            ? "all-namespaces"
                                : options.show_containers         ? "containers"
                                : options.sum                     ? "sum"
                                : !options.field_selector.empty() ? "field-selector"
                                                                  : nullptr;
    if (of_pods) return usage_with_help(options, fmt::format("unknown flag: --{}", of_pods));
    TRY(const json::array metrics, fetch_metrics(client, options, api::kind_of<api::NodeMetrics>()));
    const api::KindInfo& kind = api::kind_of<api::Node>();
    Request request;
    request.path = path_of(kind, "", options.args.size() > 1 ? options.args[1] : "");
    if (options.args.size() == 1) request.path += list_query(options);
    TRY(const std::string body, client.send(request));
    TRY(json::object answer, parse_object(body));
    print(render_top_nodes(options, metrics, options.args.size() > 1 ? json::array{answer} : array_at(answer, "items")));
    return ok();
}

}  // namespace

std::string render_top_pods(const Options& options, const json::array& metrics) {
    std::vector<Line> pods, containers;
    for (const auto& pod : metrics) pods.push_back(pod_line(pod.as_object(), containers));
    sort_lines(options, pods);
    TextTable table;
    const auto add = [&](const std::string& ns, std::vector<std::string> row) {
        if (options.all_namespaces) row.insert(row.begin(), ns);
        table.add(std::move(row));
    };
    if (!options.no_headers && options.show_containers) add("NAMESPACE", {"POD", "NAME", "CPU(cores)", "MEMORY(bytes)"});
    else if (!options.no_headers) add("NAMESPACE", {"NAME", "CPU(cores)", "MEMORY(bytes)"});
    if (options.show_containers) {
        for (const Line& one : container_lines(options, pods, containers))
            add(one.ns, {one.name, one.container, one.used.cpu(), one.used.memory()});
    } else {
        for (const Line& one : pods) add(one.ns, {one.name, one.used.cpu(), one.used.memory()});
    }
    if (!options.sum) return table.render();
    Used total;
    for (const Line& one : pods) total.add(one.used);
    std::vector<std::string> rule{"________", "________"}, sums{total.cpu(), total.memory()};
    for (auto* row : {&rule, &sums}) {
        row->insert(row->begin(), options.show_containers ? 2 : 1, "");
        add("", *row);
    }
    return table.render();
}

std::string render_top_nodes(const Options& options, const json::array& metrics, const json::array& nodes) {
    std::vector<Line> lines;
    for (const auto& one : metrics)
        lines.push_back(
            {"", text_at(object_at(one.as_object(), "metadata"), "name"), "", used_of(object_at(one.as_object(), "usage"))});
    std::ranges::sort(lines, {}, &Line::name);
    sort_lines(options, lines);
    TextTable table;
    if (!options.no_headers) table.add({"NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"});
    const std::string_view of = options.show_capacity ? "capacity" : "allocatable";
    std::vector<std::string> unmeasured;
    for (const auto& node : nodes) {
        const std::string name = text_at(object_at(node.as_object(), "metadata"), "name");
        if (std::ranges::find(lines, name, &Line::name) == lines.end()) unmeasured.push_back(name);
    }
    for (const Line& line : lines)
        for (const auto& node : nodes) {
            if (text_at(object_at(node.as_object(), "metadata"), "name") != line.name) continue;
            const json::object& total = object_at(object_at(node.as_object(), "status"), of);
            table.add({line.name, line.used.cpu(), percent_of(line.used.cpu_milli, quantity_at(total, "cpu").milli_value()),
                       line.used.memory(), percent_of(line.used.memory_bytes, quantity_at(total, "memory").value())});
        }
    for (const std::string& name : unmeasured) table.add({name, "<unknown>", "<unknown>", "<unknown>", "<unknown>"});
    return table.render();
}

Result<void> run_top(Client& client, const Options& options) {
    if (!options.sort_by.empty() && options.sort_by != "cpu" && options.sort_by != "memory")
        return usage("--sort-by accepts only cpu or memory");
    if (options.args.size() > 2) return usage_with_help(options, fmt::format("unexpected argument: {}", options.args[2]));
    if (options.args.size() > 1 && !options.selector.empty()) return usage("only one of NAME or selector can be provided");
    const std::string what = options.args.empty() ? "" : options.args[0];
    if (what == "pod" || what == "pods" || what == "po") return top_pods(client, options);
    if (what == "node" || what == "nodes" || what == "no") return top_nodes(client, options);
    return usage_with_help(
        options, what.empty() ? "say what of: node or pod" : fmt::format("unknown command \"{}\" for \"orilla top\"", what));
}

}  // namespace orilla::cli

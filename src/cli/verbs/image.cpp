// image pull, import, list, remove, prune: the box's own verbs, with progress.
#include <fmt/core.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <ctime>
#include <filesystem>

#include "orilla/schema/age.hpp"
#include "print/output.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

constexpr int bar_columns = 30;

std::string human_bytes(int64_t bytes) {
    static constexpr const char* units[] = {"B", "kB", "MB", "GB", "TB"};
    double value = static_cast<double>(bytes);
    size_t unit = 0;
    while (value >= 1000 && unit + 1 < std::size(units)) value /= 1000, ++unit;
    char text[32];
    snprintf(text, sizeof text, unit == 0 ? "%.0f%s" : "%.1f%s", value, units[unit]);
    return text;
}

std::string draw_bar(int64_t done, int64_t total) {
    const int filled = total > 0 ? static_cast<int>(std::min<int64_t>(done * bar_columns / total, bar_columns)) : 0;
    std::string bar(static_cast<size_t>(filled), '=');
    if (filled < bar_columns) bar += '>';
    bar.resize(bar_columns, ' ');
    return fmt::format("[{}] {}/{}", bar, human_bytes(done), total > 0 ? human_bytes(total) : "?");
}

/// A bar for each layer, drawn over, on a terminal; nothing elsewhere.
class ProgressBar {
  public:
    explicit ProgressBar(bool quiet) : shows_(!quiet && isatty(STDERR_FILENO) == 1) {}
    void show(const json::object& step) {
        if (!shows_) return;
        const json::array& layers = array_at(step, "layers");
        if (drawn_ > 0) fprintf(stderr, "\033[%zuA", drawn_);
        draw_line(text_at(step, "status"));
        for (const auto& item : layers) {
            const json::object& layer = item.get_object();
            std::string status = text_at(layer, "status");
            status.resize(std::max(status.size(), status_columns), ' ');
            draw_line(fmt::format("{} {} {}", short_digest(layer), status,
                                  draw_bar(number_at(layer, "doneBytes"), number_at(layer, "totalBytes"))));
        }
        drawn_ = layers.size() + 1;
    }

  private:
    static constexpr size_t status_columns = 11;
    static std::string short_digest(const json::object& layer) {
        const std::string digest = text_at(layer, "digest");
        return digest.substr(digest.find(':') + 1, 12);
    }
    /// The only place that sends a terminal what it obeys.
    static void draw_line(const std::string& text) { fprintf(stderr, "\r\033[K%s\n", cell_text(text).c_str()); }

    bool shows_;
    size_t drawn_ = 0;  ///< lines above the cursor that are ours
};

/// What a pull or an import said so far.
struct Work {
    ProgressBar bar;
    json::array images;
    Result<void> outcome = Error(Code::unavailable, "error: the connection broke before the image was complete");

    bool take(std::string_view line) {
        auto step = parse_object(line);
        if (!step) return true;
        if (step->contains("error")) {
            outcome = Error(Code::internal, "error: " + text_at(object_at(*step, "error"), "message"));
        } else if (step->contains("images")) {
            images = array_at(*step, "images");
            outcome = ok();
        } else {
            bar.show(*step);
        }
        return true;
    }
};

/// Starts a pull or an import and follows it to its end.
Result<json::array> follow_work(Client& client, const Options& options, const std::string& path) {
    Request request;
    request.method = "POST";
    request.path = path;
    request.answer_begins_ms_max = image_answer_ms_max;
    Work work{ProgressBar(options.quiet), {}};
    const std::function<bool(std::string_view)> sink = [&work](std::string_view line) { return work.take(line); };
    TRY_VOID(client.stream_lines(request, sink));
    if (!work.outcome) return std::move(work.outcome).error();
    return std::move(work.images);
}

std::string first_name(const json::object& image) {
    const json::array& names = array_at(image, "names");
    return names.empty() ? text_at(image, "id") : text_of(names[0]);
}

Result<void> list(Client& client, const Options& options) {
    Request request;
    request.path = "/orilla/v1/images";
    TRY_VOID(check_output(options, "json,jsonpath,yaml"));
    TRY(std::string body, client.send(request));
    if (is_machine_output(options.output)) {
        TRY(std::string text, render_object(body, options));
        print_value(text);
        return ok();
    }
    TRY(json::object answer, parse_object(body));
    TextTable table;
    if (!options.no_headers) table.add({"NAME", "IMAGE ID", "SIZE", "CREATED", "IN USE"});
    for (const auto& item : array_at(answer, "items")) {
        const json::object& image = item.get_object();
        const std::string id = text_at(image, "id");
        const auto created = api::Time::parse(text_at(image, "created"));
        json::array names = array_at(image, "names");
        if (names.empty()) names.emplace_back("<none>");
        for (const auto& name : names)
            table.add({text_of(name), id.substr(id.find(':') + 1, 12), human_bytes(number_at(image, "sizeBytes")),
                       created ? api::render_age(*created, time(nullptr)) : "<unknown>",
                       text_at(image, "inUse") == "true" ? "yes" : "no"});
    }
    print(table.render());
    return ok();
}

Result<void> pull(Client& client, const Options& options, const std::string& name) {
    TRY(json::array images, follow_work(client, options, "/orilla/v1/images/pull?name=" + escape(name)));
    for (const auto& image : images) print(fmt::format("pulled {}\n", first_name(image.get_object())));
    return ok();
}

Result<void> import(Client& client, const Options& options, const std::string& file) {
    std::error_code failed;
    const std::filesystem::path path = std::filesystem::absolute(file, failed);
    if (failed || !std::filesystem::exists(path))
        return Error(Code::bad_request, fmt::format("error: {} does not exist", file));
    std::string query = "?path=" + escape(path.string());
    if (!options.name.empty()) query += "&name=" + escape(options.name);
    TRY(json::array images, follow_work(client, options, "/orilla/v1/images/import" + query));
    for (const auto& item : images) {
        const json::object& image = item.get_object();
        json::array names = array_at(image, "names");
        if (names.empty()) names.emplace_back(text_at(image, "id"));
        for (const auto& name : names) print(fmt::format("imported {}\n", text_of(name)));
    }
    return ok();
}

Result<void> remove(Client& client, const std::string& name) {
    Request request;
    request.method = "DELETE";
    request.path = "/orilla/v1/images?name=" + escape(name);
    request.answer_begins_ms_max = image_answer_ms_max;
    TRY(std::string body, client.send(request));
    (void)body;
    print(fmt::format("removed {}\n", name));
    return ok();
}

Result<void> prune(Client& client) {
    Request request;
    request.method = "POST";
    request.path = "/orilla/v1/images/prune";
    request.answer_begins_ms_max = image_answer_ms_max;
    TRY(std::string body, client.send(request));
    TRY(json::object answer, parse_object(body));
    int64_t bytes = 0;
    for (const auto& image : array_at(answer, "items")) {
        print(fmt::format("removed {}\n", first_name(image.get_object())));
        bytes += number_at(image.get_object(), "sizeBytes");
    }
    print(fmt::format("images of {} removed\n", human_bytes(bytes)));
    return ok();
}

}  // namespace

Result<void> run_image(Client& client, const Options& options) {
    const std::string what = options.verb.substr(options.verb.find(' ') + 1);
    if (what == "list" || what == "prune") TRY_VOID(refuse_words(options));
    if (what == "list") return list(client, options);
    if (what == "prune") return prune(client);
    if (options.args.empty())
        return usage_with_help(options, fmt::format("image {} needs {}", what, what == "import" ? "a file" : "a name"));
    if (!options.name.empty() && options.args.size() > 1) return usage("--name goes with one file");
    Failures failures;
    for (const auto& word : options.args)
        failures.add_if(what == "pull"     ? pull(client, options, word)
                        : what == "import" ? import(client, options, word)
                                           : remove(client, word));
    return failures.outcome();
}

}  // namespace orilla::cli

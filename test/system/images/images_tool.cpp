// The image room behind a command line, for the system tests: one verb a run, its result as JSON lines on stdout, errors on
// stderr with exit status 1.
//
//   images_tool [--dir DIR] [--insecure HOST] [--ca HOST=FILE] [--login HOST=USER:PASSWORD] [--config FILE] [--use NAME]
//               [--name NAME] [--progress] pull|import|list|find|paths|remove|prune [ARGUMENT]
#include <fcntl.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <iterator>

#include "orilla/images/images.hpp"
#include "orilla/images/workers.hpp"

using namespace orilla;
using namespace orilla::images;

namespace {

struct Options {
    ImagesOptions store;
    std::vector<std::string> docker_configs, names, used;
    bool progress = false;
    std::string verb, argument;
};

RegistryOptions& registry(Options& options, const std::string& host) {
    for (auto& known : options.store.registries)
        if (known.host == host) return known;
    options.store.registries.push_back({});
    options.store.registries.back().host = host;
    return options.store.registries.back();
}

std::string read_text(const std::string& path) {
    std::ifstream in(path);
    return {std::istreambuf_iterator<char>(in), {}};
}

void take_option(Options& options, const std::string& key, const std::string& value) {
    const std::string host = value.substr(0, value.find('=')), rest = value.substr(std::min(value.size(), host.size() + 1));
    if (key == "--dir") options.store.directory = value;
    else if (key == "--insecure") registry(options, value).insecure = true;
    else if (key == "--ca") registry(options, host).ca_file = rest;
    else if (key == "--login") {
        registry(options, host).username = rest.substr(0, rest.find(':'));
        registry(options, host).password = rest.substr(rest.find(':') + 1);
    } else if (key == "--config") options.docker_configs.push_back(read_text(value));
    else if (key == "--use") options.used.push_back(value);
    else if (key == "--name") options.names.push_back(value);
}

Options parse(int argc, char** argv) {
    Options options;
    options.store.directory = "images";
    for (int i = 1; i < argc; ++i) {
        const std::string word = argv[i];
        if (word == "--progress") options.progress = true;
        else if (word.starts_with("--") && i + 1 < argc) take_option(options, word, argv[++i]);
        else (options.verb.empty() ? options.verb : options.argument) = word;
    }
    return options;
}

ProgressSink progress_sink(const Options& options) {
    if (!options.progress) return {};
    return [](const Progress& step) {
        std::fprintf(stderr, "progress %s %s %lld/%lld %s\n", std::string(phase_name(step.phase)).c_str(), step.layer.c_str(),
                     static_cast<long long>(step.bytes), static_cast<long long>(step.total_bytes), step.message.c_str());
    };
}

int fail(const Error& error) {
    std::fprintf(stderr, "error %d %d: %s\n", static_cast<int>(error.code()), error.error_number(), error.message().c_str());
    return 1;
}

void print(const Image& image) { std::puts(render_json(image).c_str()); }

void print(const Removed& removed) {
    for (const auto& name : removed.untagged) std::printf("untagged %s\n", name.c_str());
    for (const auto& id : removed.deleted) std::printf("deleted %s\n", id.c_str());
    std::printf("reclaimed %lld\n", static_cast<long long>(removed.reclaimed_bytes));
}

loop::Task<int> run(Options options, Images& images) {
    if (options.verb == "pull") {
        PullRequest request{options.argument, options.docker_configs, progress_sink(options)};
        AWAIT(auto image, images.pull(std::move(request)));
        if (!image) co_return fail(image.error());
        print(*image);
    } else if (options.verb == "import") {
        const int fd = options.argument == "-" ? dup(0) : open(options.argument.c_str(), O_RDONLY | O_CLOEXEC);
        ImportRequest request{options.names, progress_sink(options)};
        AWAIT(auto imported, images.import_archive(UniqueFd(fd), std::move(request)));
        if (!imported) co_return fail(imported.error());
        for (const auto& image : *imported) print(image);
    } else if (options.verb == "remove" || options.verb == "prune") {
        RemoveRequest request{options.argument, false};
        AWAIT(auto removed,
              options.verb == "remove" ? images.remove(std::move(request)) : images.prune(options.argument == "all"));
        if (!removed) co_return fail(removed.error());
        print(*removed);
    }
    co_return 0;
}

int run_now(const Options& options, const Images& images) {
    if (options.verb == "list")
        for (const auto& image : images.list()) print(image);
    const Image* image = images.find(options.argument);
    if (options.verb == "find" || options.verb == "paths") {
        if (!image) return 1;
        if (options.verb == "find") print(*image);
        else
            for (const auto& path : images.layer_paths(*image)) std::puts(path.c_str());
    }
    return 0;
}

loop::Task<void> main_task(Options options, Images& images, loop::Loop& loop, int* status) {
    auto running = run(std::move(options), images);
    *status = co_await std::move(running);
    AWAIT_VOID(images.settled());
    loop.post([&loop] { loop.stop(); });  // later, because all this may have happened before the loop runs
}

}  // namespace

int main(int argc, char** argv) {
    if (argc > 1)
        if (const auto status = run_worker(argv[1])) return *status;
    const Options options = parse(argc, argv);
    SystemClock clock;
    loop::Loop loop(clock);
    loop::InlineExecutor disk(loop);
    Images images(loop, disk, options.store);
    images.set_in_use([&options] { return options.used; });
    if (auto opened = images.open(); !opened) return fail(opened.error());
    if (options.verb == "list" || options.verb == "find" || options.verb == "paths") return run_now(options, images);
    int status = 1;
    loop::Scope scope(loop);
    scope.spawn(main_task(options, images, loop, &status));
    loop.run();
    return status;
}

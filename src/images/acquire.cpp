#include "acquire.hpp"

#include <fmt/core.h>
#include <unistd.h>

#include <deque>
#include <optional>
#include <set>

#include "limits.hpp"
#include "worker.hpp"
#include "worker_fds.hpp"

namespace orilla::images {

namespace {

std::optional<Progress> decode_progress(const json::object& message) {
    if (!message.contains("progress")) return std::nullopt;
    const json::object& said = object_of(message, "progress");
    Progress out;
    const std::string phase = text_of(said, "phase");
    out.phase = phase == "waiting"   ? Progress::Phase::waiting
                : phase == "reading" ? Progress::Phase::reading
                                     : Progress::Phase::downloading;
    out.layer = text_of(said, "layer");
    out.bytes = number_of(said, "bytes");
    out.total_bytes = number_of(said, "total_bytes");
    out.message = text_of(said, "message");
    return out;
}

/// The puller's further messages, while layers are unpacked: which blobs are there, and how it ended.
class PullSession final : public BlobSource {
  public:
    PullSession(State& state, Worker& worker, ProgressSink progress)
        : state_(state), worker_(worker), progress_(std::move(progress)), changed_(state.loop), scope_(state.loop) {}

    void start() { scope_.spawn(listen()); }

    loop::Task<Result<void>> ready(std::string blob) override {
        while (!ready_.contains(blob) && !ended_) co_await changed_.wait();
        if (ready_.contains(blob)) co_return ok();
        if (error_) co_return *error_;
        co_return Error(Code::internal, "the puller did not bring " + blob);
    }

    loop::Task<Result<void>> finished() {
        while (!ended_) co_await changed_.wait();
        if (error_) co_return *error_;
        co_return ok();
    }

  private:
    loop::Task<void> listen() {
        while (!ended_) {
            AWAIT(auto message, worker_.receive(state_.options.pull_idle_ms_max));
            if (!message) {
                error_ = std::move(message).error();
                ended_ = true;
            } else if (const auto progress = decode_progress(*message)) {
                if (progress_) progress_(*progress);
                continue;
            } else if (const std::string blob = text_of(*message, "blob"); !blob.empty()) {
                ready_.insert(blob);
            } else {
                ended_ = true;
            }
            changed_.notify_all();
        }
    }

    State& state_;
    Worker& worker_;
    ProgressSink progress_;
    std::set<std::string> ready_;
    std::optional<Error> error_;
    bool ended_ = false;
    loop::Event changed_;
    loop::Scope scope_;
};

/// The importer has brought everything before it offers anything.
class NothingToWaitFor final : public BlobSource {
  public:
    loop::Task<Result<void>> ready(std::string) override { co_return ok(); }
};

json::object pull_request_message(const State& state, const PullRequest& request, const Reference& reference) {
    json::array registries;
    for (const auto& registry : state.options.registries) {
        json::object one;
        one["host"] = registry.host;
        one["insecure"] = registry.insecure;
        one["ca_file"] = registry.ca_file;
        one["username"] = registry.username;
        one["password"] = registry.password;
        registries.push_back(std::move(one));
    }
    json::object out;
    out["reference"] = reference.name();
    out["docker_configs"] = to_array(request.docker_configs);
    out["registries"] = std::move(registries);
    out["layers_parallel_max"] = state.options.layers_parallel_max;
    out["uid"] = static_cast<int64_t>(state.options.worker_uid);
    return out;
}

loop::Task<Result<Image>> pull_resolved(State& state, PullRequest request, Reference reference) {
    CO_CHECK(const auto worker,
             Worker::start(state.loop, state.options.program, "puller", {{state.content.blobs_fd(), directory_fd}}));
    CO_TRY_VOID(worker->send(pull_request_message(state, request, reference)));
    Progress resolving;
    if (request.on_progress) request.on_progress(resolving);
    CO_TRY(const json::object answer, worker->receive(state.options.pull_idle_ms_max));
    CO_CHECK(const Offer offer, decode_offer(object_of(answer, "offer")));
    const OfferPins pins(state, offer);
    const auto present = present_layers(state, offer);
    std::vector<std::string> wanted;
    for (size_t i = 0; i < present.size(); ++i)
        if (present[i].empty()) wanted.push_back(offer.layers[i].blob);
    json::object order;
    order["wanted"] = to_array(wanted);
    CO_TRY_VOID(worker->send(std::move(order)));
    PullSession session(state, *worker, request.on_progress);
    session.start();
    CO_TRY(auto layers, unpack_layers(state, offer, session, request.on_progress));
    CO_TRY_VOID(session.finished());
    CO_TRY(Image image, record_image(state, offer, std::move(layers)));
    // What an importer has just written has no pins yet: better a file too many for a while.
    if (state.imports_running == 0) drop_blobs(state, offer);
    co_return image;
}

loop::Task<Result<std::vector<Offer>>> hear_offers(State& state, Worker& worker, ProgressSink progress) {
    for (;;) {
        CO_TRY(const json::object message, worker.receive(state.options.pull_idle_ms_max));
        if (const auto step = decode_progress(message)) {
            if (progress) progress(*step);
            continue;
        }
        std::vector<Offer> offers;
        for (const json::value& value : array_of(message, "offers")) {
            if (!value.is_object()) continue;
            CO_CHECK(Offer offer, decode_offer(value.get_object()));
            offers.push_back(std::move(offer));
            if (offers.size() > archive_images_max) co_return Error(Code::too_large, "archive holds more than 64 images");
        }
        if (offers.empty()) co_return Error(Code::internal, "the importer offered no image");
        co_return offers;
    }
}

loop::Task<Result<Image>> take_offer(State& state, Offer offer, ProgressSink progress) {
    NothingToWaitFor here;
    CO_TRY(auto layers, unpack_layers(state, offer, here, progress));
    CO_TRY(Image image, record_image(state, offer, std::move(layers)));
    co_return image;
}

/// A full disk deserves a word on what to do about it.
Error advise(Error error) {
    if (error.error_number() != ENOSPC && error.error_number() != EDQUOT) return error;
    return std::move(error).with_context(
        "the disk of the images is full (remove images that nothing uses: orilla image prune)");
}

Result<std::vector<std::string>> normalise(const std::vector<std::string>& names) {
    std::vector<std::string> out;
    for (const auto& name : names) {
        auto reference = parse_reference(name);
        if (!reference) return std::move(reference).error().with_context(fmt::format("couldn't parse image name \"{}\"", name));
        if (!reference->digest.empty())
            return Error(Code::invalid, fmt::format("image name \"{}\" must not hold a digest", name));
        out.push_back(reference->name());
    }
    return out;
}

}  // namespace

loop::Task<Result<Image>> acquire_pull(State& state, PullRequest request) {
    const std::string said = request.image;
    auto reference = parse_reference(said);
    if (!reference) co_return std::move(reference).error().with_context(fmt::format("couldn't parse image name \"{}\"", said));
    // Twice the same name at a time: the second pull finds the work of the first done.
    AWAIT(const Pass own_name, state.names.enter(reference->name()));
    AWAIT(const Pass place, state.pulls.enter(reference->domain));
    const Pass swept_after([&state] { state.sweep_blobs(); });  // once its pins are gone, also when it is cancelled
    AWAIT(auto image, pull_resolved(state, std::move(request), *reference));
    state.collect_layers();  // of an image that failed half-way
    if (!image)
        co_return advise(
            std::move(image).error().with_context(fmt::format("failed to pull and unpack image \"{}\"", reference->name())));
    co_return image;
}

loop::Task<Result<std::vector<Image>>> acquire_import(State& state, UniqueFd source, ImportRequest request) {
    CO_CHECK(const auto names, normalise(request.names));
    AWAIT(const Pass place, state.imports.enter());
    ++state.imports_running;
    const Pass running([&state] {
        --state.imports_running;
        state.sweep_blobs();
    });
    auto started = Worker::start(state.loop, state.options.program, "importer",
                                 {{state.content.blobs_fd(), directory_fd}, {source.get(), source_fd}});
    CO_CHECK(const auto worker, std::move(started));
    source.reset();  // the importer has its own; a writer of our pipe must notice when that one ends
    json::object order;
    order["names"] = to_array(names);
    order["uid"] = static_cast<int64_t>(state.options.worker_uid);
    CO_TRY_VOID(worker->send(std::move(order)));
    AWAIT(auto offers, hear_offers(state, *worker, request.on_progress));
    if (!offers) co_return advise(std::move(offers).error().with_context("failed to import the archive"));
    std::deque<OfferPins> pins;  // of all: a layer may come with several of them
    for (const auto& offer : *offers) pins.emplace_back(state, offer);
    std::vector<Image> images;
    for (const auto& offer : *offers) {
        AWAIT(auto image, take_offer(state, offer, request.on_progress));
        drop_blobs(state, offer);
        pins.pop_front();
        if (!image) {
            for (size_t left = images.size() + 1; left < offers->size(); ++left) {
                drop_blobs(state, (*offers)[left]);
                pins.pop_front();
            }
            state.collect_layers();
            co_return advise(std::move(image).error().with_context("failed to import the archive"));
        }
        images.push_back(std::move(*image));
    }
    co_return images;
}

}  // namespace orilla::images

#include "rest/rewriting.hpp"

#include "orilla/http/uri.hpp"
#include "request/negotiation.hpp"
#include "request/status.hpp"

namespace orilla::apiserver {

namespace {
constexpr size_t portion_bytes = 64 * 1024;     ///< taken at once, before others get the loop
constexpr size_t gzipped_bytes_min = 4 * 1024;  ///< a smaller answer is a packet or two either way

/// An answer that is there as a whole, portion by portion.
class WholeContent final : public http::ByteStream {
  public:
    explicit WholeContent(http::Response response) : response_(std::move(response)), left_(response_.content()) {}
    Task<Result<bool>> next(std::string* out) override {
        if (left_.empty()) co_return false;
        *out += left_.substr(0, portion_bytes);
        left_.remove_prefix(std::min(portion_bytes, left_.size()));
        co_return true;
    }

  private:
    http::Response response_;
    std::string_view left_;
};

/// What another stream gives, rewritten.
class RewrittenStream final : public http::ByteStream {
  public:
    RewrittenStream(loop::Loop& loop, std::string start, std::unique_ptr<http::ByteStream> source,
                    std::unique_ptr<Rewriter> rewriter)
        : loop_(loop), piece_(std::move(start)), source_(std::move(source)), rewriter_(std::move(rewriter)) {}

    Task<Result<bool>> next(std::string* out) override {
        while (out->empty() && !ended_) {
            if (left().empty()) {
                AWAIT(const Result<bool> more, get_more());
                if (!more) co_return more.error();
                ended_ = !more.value();
            }
            const std::string_view portion = left().substr(0, portion_bytes);
            at_ += portion.size();
            AWAIT(const Result<void> rewritten, ended_ ? rewriter_->finish(out) : rewriter_->take(portion, out));
            if (!rewritten) co_return rewritten.error();
            if (++portions_ % portions_per_turn_max == 0) co_await loop_.yield();
        }
        co_return !out->empty();
    }

  private:
    static constexpr unsigned portions_per_turn_max = 4;
    /// Of the piece that is being rewritten, or of the shared text behind it.
    std::string_view left() const { return std::string_view(shared_ ? *shared_ : piece_).substr(at_); }

    Task<Result<bool>> get_more() {
        at_ = 0;
        if (shared_) shared_ = nullptr;
        else shared_ = source_->take_shared();
        if (shared_) co_return true;
        piece_.clear();
        CO_RETURN_AWAIT(source_->next(&piece_));
    }

    loop::Loop& loop_;
    std::string piece_;
    std::shared_ptr<const std::string> shared_;
    std::unique_ptr<http::ByteStream> source_;
    std::unique_ptr<Rewriter> rewriter_;
    size_t at_ = 0;
    unsigned portions_ = 0;
    bool ended_ = false;
};

/// Puts the rewriter in the way. A small answer stays whole.
Task<http::Response> rewrite(Rest& rest, http::Response response, std::unique_ptr<Rewriter> rewriter) {
    const bool is_small = !response.stream && response.content().size() <= portion_bytes;
    http::Response rewritten(response.status);
    rewritten.close = response.close;
    rewritten.content_type = response.content_type;
    rewritten.headers = std::move(response.headers);
    std::string start = response.stream ? std::move(response.body) : std::string();
    auto source = response.stream ? std::move(response.stream) : std::make_unique<WholeContent>(std::move(response));
    auto stream = std::make_unique<RewrittenStream>(rest.loop, std::move(start), std::move(source), std::move(rewriter));
    if (!is_small) {
        rewritten.stream = std::move(stream);
        co_return rewritten;
    }
    for (bool more = true; more;) {
        std::string piece;
        AWAIT(const Result<bool> got, stream->next(&piece));
        if (!got) co_return status_response(got.error());
        more = got.value();
        rewritten.body += piece;
    }
    co_return rewritten;
}

bool is_json_answer(const http::Response& response) { return response.content_type.starts_with("application/json"); }

/// Discovery, objects, and errors about them: what the reference server writes as YAML, too.
bool may_be_yaml(const http::Request& request, const http::Response& response) {
    return is_json_answer(response) && (request.path.starts_with("/api/") || request.path.starts_with("/apis/") ||
                                        request.path == "/api" || request.path == "/apis");
}

bool wants_pretty(const http::Request& request) {
    if (request.query.find("pretty") == std::string_view::npos) return false;
    const auto query = http::Query::parse(request.query);
    if (!query || !query->has("pretty")) return false;
    const auto flag = query->flag("pretty");
    return flag && *flag;
}

bool may_be_gzipped(const http::Response& response) {
    const bool text = is_json_answer(response) || response.content_type == "application/yaml" ||
                      response.content_type.starts_with("application/com.github.proto-openapi") ||
                      response.content_type.starts_with("text/plain; version=");  // metrics, not logs
    return text && (response.stream || response.content().size() >= gzipped_bytes_min);
}
}  // namespace

Task<http::Response> rewrite_answer(Rest& rest, const http::Request& request, http::Response response) {
    const bool has_content = response.stream || !response.content().empty();
    if (!has_content || response.is_watch) co_return response;
    std::unique_ptr<Rewriter> rewriter;
    if (may_be_yaml(request, response) && prefers_yaml(request.header("accept"))) {
        rewriter = make_yaml_rewriter(rest);
        response.content_type = "application/yaml";
    } else if (is_json_answer(response) && wants_pretty(request)) {
        rewriter = make_pretty_rewriter();
    }
    if (rewriter) {
        AWAIT(response, rewrite(rest, std::move(response), std::move(rewriter)));
    }
    if (!may_be_gzipped(response) || !accepts_gzip(request.header("accept-encoding"))) co_return response;
    response.add_header("Content-Encoding", "gzip");
    CO_RETURN_AWAIT(rewrite(rest, std::move(response), make_gzip_rewriter()));
}

}  // namespace orilla::apiserver

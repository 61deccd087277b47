#include "print/watching.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <boost/json.hpp>

#include "orilla/base/clock.hpp"
#include "orilla/schema/jsonpath.hpp"
#include "print/output.hpp"
#include "targets.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;

Result<void> wait_until(Client& client, const api::KindInfo& kind, const std::string& ns, const std::string& name,
                        int64_t limit_ms, const Look& look) {
    const SystemClock clock;
    const int64_t end_ms = clock.monotonic_ms() + limit_ms;
    const std::string selector = "fieldSelector=" + escape("metadata.name=" + name);
    for (;;) {
        Request get;
        get.path = fmt::format("{}?{}", path_of(kind, ns), selector);
        TRY(std::string body, client.send(get));
        TRY(json::object list, parse_object(body));
        const json::array& items = array_at(list, "items");
        TRY(bool done, look(items.empty() ? nullptr : &items[0].get_object()));
        if (done) return ok();
        const int64_t left_ms = end_ms - clock.monotonic_ms();
        if (left_ms <= 0)
            return Error(Code::timeout, fmt::format("error: timed out waiting for the condition on {}/{}", kind.plural, name));
        Request watch;
        watch.path = fmt::format("{}?{}&watch=true&resourceVersion={}&timeoutSeconds={}", path_of(kind, ns), selector,
                                 text_at(object_at(list, "metadata"), "resourceVersion"), left_ms / 1000 + 1);
        Result<bool> seen = false;
        const std::function<bool(std::string_view)> sink = [&](std::string_view line) {
            auto event = parse_object(line);
            if (!event || text_at(*event, "type") == "ERROR") return false;
            const bool gone = text_at(*event, "type") == "DELETED";
            seen = look(gone ? nullptr : &object_at(*event, "object"));
            return seen && !*seen && clock.monotonic_ms() < end_ms;
        };
        TRY_VOID(client.stream_lines(watch, sink));
        if (!seen) return std::move(seen).error();
        if (*seen) return ok();
    }
}

Result<void> wait_gone(Client& client, const api::KindInfo& kind, const std::string& ns, const std::string& name,
                       const std::string& uid, int64_t limit_ms) {
    return wait_until(client, kind, ns, name, limit_ms, [&](const json::object* object) -> Result<bool> {
        return !object || (!uid.empty() && text_at(object_at(*object, "metadata"), "uid") != uid);
    });
}

Result<int64_t> parse_timeout(const Options& options, int64_t otherwise_ms) {
    const std::string& text = options.timeout;
    if (text.empty()) return otherwise_ms;
    const bool negative = text[0] == '-';
    const int64_t limit_ms = parse_duration_ms(negative ? text.substr(1) : text);
    if (limit_ms < 0)
        return usage(
            fmt::format("invalid argument \"{}\" for \"--timeout\" flag: a duration such as 30s, 5m or 1h30m is expected\nSee "
                        "'orilla {} --help' for usage.",
                        text, options.verb));
    const bool endless =
        limit_ms == 0 && (options.verb == "delete" || options.verb == "rollout status" || options.verb == "drain");
    return negative || endless ? wait_ms_max : std::min(limit_ms, wait_ms_max);
}

Result<Condition> parse_condition(const std::string& text) {
    if (text == "delete") return Condition{Condition::Kind::deleted, "", std::nullopt};
    if (text == "create") return Condition{Condition::Kind::created, "", std::nullopt};
    if (text.starts_with("condition=") && text.size() > 10) {
        const std::string type = text.substr(10);
        const size_t equals = type.find('=');
        return Condition{Condition::Kind::condition, type.substr(0, equals),
                         equals == std::string::npos ? "True" : type.substr(equals + 1)};
    }
    if (!text.starts_with("jsonpath=") || text.size() < 10) return usage(fmt::format("unrecognized condition: \"{}\"", text));
    const std::string path = text.substr(9);
    const size_t close = path.rfind('}');
    const size_t equals = path.find('=', close == std::string::npos ? 0 : close);
    Condition out{Condition::Kind::jsonpath, path.substr(0, equals), std::nullopt};
    if (equals == std::string::npos) return out;
    out.value = path.substr(equals + 1);
    if (out.value->empty())
        return usage("jsonpath wait has to have a value after equal sign, like --for=jsonpath='{.status.readyReplicas}'=3");
    return out;
}

Result<bool> holds(const Condition& wanted, const json::object* object) {
    if (wanted.kind == Condition::Kind::deleted) return object == nullptr;
    if (!object) return false;
    if (wanted.kind == Condition::Kind::created) return true;
    if (wanted.kind == Condition::Kind::condition) {
        for (const auto& item : array_at(object_at(*object, "status"), "conditions"))
            if (strcasecmp(text_at(item.get_object(), "type").c_str(), wanted.path.c_str()) == 0)
                return strcasecmp(text_at(item.get_object(), "status").c_str(), wanted.value->c_str()) == 0;
        return false;
    }
    TRY(const auto found, api::find_jsonpath(wanted.path, json::serialize(*object)));
    if (found.size() > 1) return usage("given jsonpath expression matches more than one value");
    if (found.empty()) return false;
    return !wanted.value || found[0] == *wanted.value;
}

namespace {

Result<void> wait_one(Client& client, const Condition& wanted, const Target& target, int64_t end_ms) {
    if (wanted.kind != Condition::Kind::created && wanted.kind != Condition::Kind::deleted) {
        Request get;
        get.path = path_of(target);
        TRY(const std::string body, client.send(get));  // an absent object is an error at once
        (void)body;
    }
    const int64_t left_ms = std::max<int64_t>(end_ms - SystemClock().monotonic_ms(), 0);
    return wait_until(client, *target.kind, target.ns, target.name, left_ms,
                      [&](const json::object* object) { return holds(wanted, object); });
}

/// What was never there is not told as deleted.
Result<bool> is_gone_already(Client& client, const Options& options, const Condition& wanted, const Target& target) {
    if (wanted.kind != Condition::Kind::deleted) return false;
    const auto found = fetch(client, options, target);
    if (!found && found.error().code() != Code::not_found) return found.error();
    return !found;
}

Result<void> wait_and_tell(Client& client, const Options& options, const Condition& wanted, const Target& target,
                           int64_t end_ms) {
    TRY(const bool gone, is_gone_already(client, options, wanted, target));
    if (gone) return ok();
    auto done = wait_one(client, wanted, target, end_ms);
    if (!done && done.error().code() == Code::timeout && options.timeout == "0")
        return Error(Code::timeout, fmt::format("error: condition not met for {}/{}", target.kind->plural, target.name));
    TRY_VOID(std::move(done));
    if (!is_machine_output(options.output)) {
        print(display_name(*target.kind, target.name) + " condition met\n");
    } else if (wanted.kind != Condition::Kind::deleted) {
        TRY(const json::object object, fetch(client, options, target));
        TRY(const std::string text, render_objects(options, {object}, true));
        print_value(text);
    }
    flush_output();
    return ok();
}

}  // namespace

Result<void> run_wait(Client& client, const Options& options) {
    TRY_VOID(check_output(options, change_outputs));
    TRY(const Condition wanted, parse_condition(options.wait_for));
    TRY(const int64_t limit_ms, parse_timeout(options, wait_default_ms));
    TRY(const auto targets, find_targets(options, options.args));
    TRY_VOID(check_targets(targets, options, true));
    TRY(const auto members, expand(client, options, targets));
    if (members.empty() && wanted.kind != Condition::Kind::deleted)
        return Error(Code::not_found, "error: no matching resources found");
    const int64_t end_ms = SystemClock().monotonic_ms() + limit_ms;
    Failures failures;
    for (const auto& member : members) failures.add_if(wait_and_tell(client, options, wanted, member, end_ms));
    return failures.outcome();
}

}  // namespace orilla::cli

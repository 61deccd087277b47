#include "watching.hpp"

#include <boost/json.hpp>

#include "options.hpp"
#include "orilla/api/jsonpath.hpp"
#include "orilla/base/clock.hpp"
#include "output.hpp"
#include "verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;

Result<void> wait_until(Client& client, const api::KindInfo& kind, const std::string& ns, const std::string& name,
                        int64_t limit_ms, const Look& look) {
    const SystemClock clock;
    const int64_t end_ms = clock.monotonic_ms() + limit_ms;
    const std::string selector = "fieldSelector=" + escape("metadata.name=" + name);
    for (;;) {
        Request get;
        get.path = path_of(kind, ns) + "?" + selector;
        TRY(std::string body, client.send(get));
        TRY(json::object list, parse_object(body));
        const json::array& items = array_at(list, "items");
        TRY(bool done, look(items.empty() ? nullptr : &items[0].get_object()));
        if (done) return ok();
        const int64_t left_ms = end_ms - clock.monotonic_ms();
        if (left_ms <= 0) return Error(Code::timeout, "error: timed out waiting for the condition on " + std::string(kind.plural) + "/" + name);
        Request watch;
        watch.path = path_of(kind, ns) + "?" + selector + "&watch=true&resourceVersion=" +
                     text_at(object_at(list, "metadata"), "resourceVersion") + "&timeoutSeconds=" + std::to_string(left_ms / 1000 + 1);
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

namespace {

/// condition=Ready[=True], jsonpath={.status.phase}=Running, delete, create.
Result<bool> holds(const std::string& wanted, const json::object* object) {
    if (wanted == "delete") return object == nullptr;
    if (!object) return false;
    if (wanted == "create") return true;
    if (wanted.rfind("condition=", 0) == 0) {
        std::string type = wanted.substr(10), value = "True";
        if (const size_t equals = type.find('='); equals != std::string::npos) {
            value = type.substr(equals + 1);
            type.resize(equals);
        }
        for (const auto& condition : array_at(object_at(*object, "status"), "conditions"))
            if (text_at(condition.get_object(), "type") == type) return strcasecmp(text_at(condition.get_object(), "status").c_str(), value.c_str()) == 0;
        return false;
    }
    std::string path = wanted.substr(9), value;
    const size_t close = path.rfind('}');
    const size_t equals = path.find('=', close == std::string::npos ? 0 : close);
    const bool with_value = equals != std::string::npos;
    if (with_value) {
        value = path.substr(equals + 1);
        path.resize(equals);
    }
    TRY(std::string found, api::render_jsonpath(path, json::serialize(*object)));
    return with_value ? found == value : !found.empty();
}

}  // namespace

Result<void> run_wait(Client& client, const Options& options) {
    const std::string& wanted = options.wait_for;
    const bool known = wanted == "delete" || wanted == "create" || wanted.rfind("condition=", 0) == 0 || wanted.rfind("jsonpath=", 0) == 0;
    if (!known) return Error(Code::bad_request, "error: unrecognized condition: \"" + wanted + "\"; use --for=delete, create, condition=NAME or jsonpath=PATH=VALUE");
    const int64_t limit_ms = options.timeout.empty() ? 30'000 : parse_duration_ms(options.timeout);
    if (limit_ms < 0) return Error(Code::bad_request, "error: invalid --timeout \"" + options.timeout + "\"");
    TRY(auto targets, parse_targets(options.args));
    for (const auto& target : targets) {
        const std::string ns = namespace_for(*target.kind, options);
        std::vector<std::pair<std::string, std::string>> names{{ns, target.name}};
        if (target.name.empty()) {
            if (options.selector.empty() && !options.all) return Error(Code::bad_request, "error: a name, -l or --all is needed");
            names.clear();
            Request request;
            request.path = path_of(*target.kind, ns) + list_query(options);
            TRY(std::string body, client.send(request));
            TRY(json::object list, parse_object(body));
            for (const auto& item : array_at(list, "items")) names.emplace_back(text_at(object_at(item.get_object(), "metadata"), "namespace"), text_at(object_at(item.get_object(), "metadata"), "name"));
            if (names.empty() && wanted != "delete") return Error(Code::not_found, "error: no matching resources found");
        }
        for (const auto& [where, name] : names) {
            if (wanted != "create" && wanted != "delete") {
                Request get;
                get.path = path_of(*target.kind, where, name);
                TRY(std::string body, client.send(get));  // an absent object is an error at once
                (void)body;
            }
            TRY_VOID(wait_until(client, *target.kind, where, name, limit_ms,
                                [&](const json::object* object) { return holds(wanted, object); }));
            print(display_name(*target.kind, name) + " condition met\n");
        }
    }
    return ok();
}

}  // namespace orilla::cli

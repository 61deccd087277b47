// taint: adds taints to nodes, and takes them away.
#include "verbs/taint.hpp"

#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <boost/json.hpp>

#include "orilla/kinds/types.hpp"
#include "orilla/schema/names.hpp"
#include "print/output.hpp"
#include "targets.hpp"
#include "verbs/verbs.hpp"

namespace orilla::cli {
namespace json = boost::json;
namespace {

Error bad_spec(const Options& options, const std::string& spec, const api::Complaints& why = {}) {
    std::string text;
    for (const auto& one : why) text += (text.empty() ? ", " : "; ") + std::string(one);
    return usage_with_help(options, fmt::format("invalid taint spec: {}{}", spec, text));
}

Result<TaintWord> parse_taint(const Options& options, const std::string& spec) {
    constexpr std::array effects{"NoSchedule", "PreferNoSchedule", "NoExecute"};
    const size_t colon = spec.find(':');
    TaintWord out{spec.substr(0, colon), "", ""};
    if (colon != std::string::npos) {
        out.effect = spec.substr(colon + 1);
        if (out.effect.find(':') != std::string::npos) return bad_spec(options, spec);
        if (std::ranges::find(effects, out.effect) == effects.end())
            return usage_with_help(options, fmt::format("invalid taint effect: {}, unsupported taint effect", out.effect));
        const size_t equals = out.key.find('=');
        if (equals != std::string::npos) {
            out.value = out.key.substr(equals + 1);
            out.key.resize(equals);
            if (out.value.find('=') != std::string::npos) return bad_spec(options, spec);
            if (const auto why = api::check_label_value(out.value); !why.empty()) return bad_spec(options, spec, why);
        }
    }
    if (const auto why = api::check_qualified_name(out.key); !why.empty()) return bad_spec(options, spec, why);
    return out;
}

Result<void> take_word(const Options& options, const std::string& word, TaintChange& change) {
    if (word.ends_with('-')) {
        TRY(TaintWord gone, parse_taint(options, word.substr(0, word.size() - 1)));
        gone.value.clear();
        change.removed.push_back(std::move(gone));
        return ok();
    }
    TRY(TaintWord added, parse_taint(options, word));
    if (added.effect.empty()) return bad_spec(options, word);
    const auto same = [&added](const TaintWord& one) { return one.key == added.key && one.effect == added.effect; };
    if (std::ranges::any_of(change.added, same))
        return usage_with_help(options, fmt::format("duplicated taints with the same key and effect: {{{} {} {} <nil>}}",
                                                    added.key, added.value, added.effect));
    change.added.push_back(std::move(added));
    return ok();
}

bool contradicts(const TaintWord& added, const TaintWord& removed) {
    return added.key == removed.key && (removed.effect.empty() || removed.effect == added.effect);
}

Result<void> check_contradictions(const TaintChange& change) {
    std::string both;
    for (const auto& added : change.added)
        for (const auto& removed : change.removed)
            if (contradicts(added, removed))
                both += fmt::format("{}{}={}", both.empty() ? "" : ", ", removed.key, removed.effect);
    if (both.empty()) return ok();
    return usage("can not both modify and remove the following taint(s) in the same command: " + both);
}

bool is_taint(const json::value& have, const TaintWord& word) {
    const json::object& taint = have.get_object();
    return text_at(taint, "key") == word.key && (word.effect.empty() || text_at(taint, "effect") == word.effect);
}

json::object taint_of(const TaintWord& word) {
    json::object out{{"effect", word.effect}, {"key", word.key}};
    if (!word.value.empty()) out["value"] = word.value;
    return out;
}

Result<void> check_new_taints(const Options& options, const json::array& have, const json::object& node,
                              const TaintChange& change) {
    std::string there;
    for (const auto& word : change.added)
        for (const auto& taint : have)
            if (is_taint(taint, word)) there += (there.empty() ? "" : ",") + word.key;
    if (there.empty() || options.overwrite) return ok();
    return usage(fmt::format("node {} already has {} taint(s) with same effect(s) and --overwrite is false",
                             text_at(object_at(node, "metadata"), "name"), there));
}

/// As with kubectl, a dry run is not told apart.
Result<void> tell_tainted(const Options& options, const Target& target, const TaintPlan& plan, const json::object& node) {
    Options plain = options;
    plain.dry_run = "none";
    return print_done(plain, target, plan.done, node);
}

Result<void> taint_one(Client& client, const Options& options, const Target& target, const TaintChange& change) {
    TRY(const json::object node, fetch(client, options, target));
    TRY(TaintPlan plan, plan_taints(options, node, change));
    if (options.dry_run == "client") return tell_tainted(options, target, plan, node);
    const std::string revision = text_at(object_at(node, "metadata"), "resourceVersion");
    Request request;
    request.method = "PATCH";
    request.path =
        fmt::format("{}?fieldManager=kubectl-taint{}", path_of(target), options.dry_run == "server" ? "&dryRun=All" : "");
    request.content_type = "application/merge-patch+json";
    json::value taints = nullptr;
    if (!plan.taints.empty()) taints = plan.taints;
    request.body =
        json::serialize(json::object{{"metadata", {{"resourceVersion", revision}}}, {"spec", {{"taints", std::move(taints)}}}});
    TRY(const std::string answer, client.send(request));
    TRY(const json::object changed, parse_object(answer));
    return tell_tainted(options, target, plan, changed);
}

}  // namespace

Result<TaintChange> parse_taint_change(const Options& options) {
    TaintChange change;
    bool any = false;
    for (const auto& arg : options.args) {
        if (arg.find_first_of("=:") == std::string::npos && !arg.ends_with('-')) {
            if (any) return usage(fmt::format("all resources must be specified before taint changes: {}", arg));
            change.words.push_back(arg);
            continue;
        }
        any = true;
        TRY_VOID(take_word(options, arg, change));
    }
    if (change.words.empty()) return usage("one or more resources must be specified as <resource> <name>");
    if (!any) return usage("at least one taint update is required");
    TRY_VOID(check_contradictions(change));
    return change;
}

Result<TaintPlan> plan_taints(const Options& options, const json::object& node, const TaintChange& change) {
    const json::array& have = array_at(object_at(node, "spec"), "taints");
    TRY_VOID(check_new_taints(options, have, node, change));
    TaintPlan plan;
    for (const auto& word : change.added) plan.taints.push_back(taint_of(word));
    for (const auto& taint : have) {
        const auto is_replaced = [&taint](const TaintWord& word) { return is_taint(taint, word); };
        if (std::ranges::none_of(change.added, is_replaced)) plan.taints.push_back(taint);
    }
    const bool adds = plan.taints.size() != have.size();
    std::vector<std::string> absent;
    for (const auto& word : change.removed) {
        const auto before = plan.taints.size();
        json::array kept;
        for (auto& taint : plan.taints)
            if (!is_taint(taint, word)) kept.push_back(taint);
        plan.taints = std::move(kept);
        if (plan.taints.size() == before)
            absent.push_back(fmt::format("taint \"{}{}\" not found", word.key, word.effect.empty() ? "" : ":" + word.effect));
    }
    if (absent.size() == 1) return usage(absent[0]);
    if (!absent.empty()) {
        std::string all;
        for (const auto& one : absent) all += (all.empty() ? "[" : ", ") + one;
        return usage(all + "]");
    }
    const bool removes = !change.removed.empty();
    plan.done = (adds && removes) || options.overwrite ? "modified" : adds ? "tainted" : "untainted";
    return plan;
}

Result<void> run_taint(Client& client, const Options& options) {
    TRY_VOID(check_output(options, change_outputs));
    TRY(const TaintChange change, parse_taint_change(options));
    const std::string& type = change.words[0];
    if (type != "node" && type != "nodes" && type != "no")
        return usage(fmt::format("invalid resource type {}, only node types are supported", type));
    const bool chooses = options.all || !options.selector.empty();
    if (options.all && !options.selector.empty())
        return usage("setting 'all' parameter with a non empty selector is prohibited");
    if (!chooses && change.words.size() < 2)
        return usage("at least one resource name must be specified since 'all' parameter is not set");
    TRY(const auto targets, parse_targets(change.words, options));
    TRY_VOID(check_targets(targets, options, true));
    TRY(const auto members, expand(client, options, targets));
    Failures failures;
    for (const auto& member : members) failures.add_if(taint_one(client, options, member, change));
    return failures.outcome();
}

}  // namespace orilla::cli

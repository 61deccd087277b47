// One container: ports, probes, hooks, resources.
#include <fmt/core.h>
#include <algorithm>
#include <array>
#include <set>

#include "orilla/kinds/pod_facts.hpp"
#include "pod_spec.hpp"

namespace orilla::api {
namespace {

void check_port(const IntOrString& port, const Path& path, FieldErrors& errors) {
    if (port.is_string) errors.complain(path, port.text, check_port_name(port.text));
    else errors.complain(path, port.number, check_port_number(port.number));
}

void check_container_ports(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors) {
    std::set<std::string_view> names;
    for (size_t i = 0; i < container.ports.size(); ++i) {
        const ContainerPort& port = container.ports[i];
        const Path at = path[i];
        if (!port.name.empty()) {
            Complaints complaints = check_port_name(port.name);
            errors.complain(at / "name", port.name, complaints);
            if (complaints.empty() && !names.insert(port.name).second) errors.duplicate(at / "name", port.name);
        }
        if (port.container_port == 0) errors.required(at / "containerPort");
        else errors.complain(at / "containerPort", port.container_port, check_port_number(port.container_port));
        if (port.host_port != 0) errors.complain(at / "hostPort", port.host_port, check_port_number(port.host_port));
        if (spec.host_network && port.host_port != 0 && port.host_port != port.container_port)
            errors.invalid(at / "containerPort", port.container_port, "must match `hostPort` when `hostNetwork` is true");
        if (!port.host_ip.empty()) errors.complain(at / "hostIP", port.host_ip, check_ip(port.host_ip));
        if (port.protocol.empty()) errors.required(at / "protocol");
    }
}

/// The node's probes look no names up.
void check_probe_host(std::string_view host, const Path& path, FieldErrors& errors) {
    const bool address = host.find_first_not_of("0123456789.") == host.npos;
    if (!host.empty() && !address)
        errors.invalid(path / "host", host, "must be an IPv4 address: names are not looked up by probes");
}

void check_http(const HTTPGetAction& action, const Path& path, FieldErrors& errors) {
    if (action.path.empty()) errors.required(path / "path");
    check_probe_host(action.host, path, errors);
    check_port(action.port, path / "port", errors);
    const Path headers = path / "httpHeaders";
    for (size_t i = 0; i < action.http_headers.size(); ++i) {
        std::string_view name = action.http_headers[i].name;
        // RFC 9110 calls this a token; a line break here would write a header of its own.
        bool token = !name.empty();
        for (char c : name)
            token &= c > ' ' && c < '\x7f' && std::string_view("()<>@,;:\\\"/[]?={}").find(c) == std::string_view::npos;
        const Path at = headers[i];
        if (!token)
            errors.invalid(at / "name", name,
                           "a valid HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name', "
                           "regex used for validation is '[-A-Za-z0-9]+')");
    }
}

template <class Handler>
int count_handlers(const Handler& handler) {
    return static_cast<bool>(handler.exec) + static_cast<bool>(handler.http_get) + static_cast<bool>(handler.tcp_socket);
}

template <class Handler>
void check_handler(const Handler& handler, int extra, const Path& path, FieldErrors& errors) {
    int count = count_handlers(handler) + extra;
    if (count == 0) return errors.required(path, "must specify a handler type");
    if (count > 1) return errors.forbidden(path, "may not specify more than 1 handler type");
    if (handler.exec) {
        const Path exec = path / "exec";
        if (handler.exec->command.empty()) errors.required(exec / "command");
    }
    if (handler.http_get) check_http(*handler.http_get, path / "httpGet", errors);
    const Path tcp = path / "tcpSocket";
    if (handler.tcp_socket) {
        check_port(handler.tcp_socket->port, tcp / "port", errors);
        check_probe_host(handler.tcp_socket->host, tcp, errors);
    }
}

void check_probe(const Box<Probe>& probe, bool one_success, const Path& path, FieldErrors& errors) {
    if (!probe) return;
    check_handler(*probe, probe->grpc ? 1 : 0, path, errors);
    const Path grpc = path / "grpc";
    if (probe->grpc) errors.complain(grpc / "port", probe->grpc->port, check_port_number(probe->grpc->port));
    check_not_negative(probe->initial_delay_seconds, path / "initialDelaySeconds", errors);
    check_not_negative(probe->timeout_seconds, path / "timeoutSeconds", errors);
    check_not_negative(probe->period_seconds, path / "periodSeconds", errors);
    check_not_negative(probe->success_threshold, path / "successThreshold", errors);
    check_not_negative(probe->failure_threshold, path / "failureThreshold", errors);
    if (probe->termination_grace_period_seconds) {
        const Path grace = path / "terminationGracePeriodSeconds";
        // One that fails readiness is not stopped.
        if (!one_success)
            errors.invalid(grace, *probe->termination_grace_period_seconds, "must not be set for readinessProbes");
        else if (*probe->termination_grace_period_seconds <= 0)
            errors.invalid(grace, *probe->termination_grace_period_seconds, "must be greater than 0");
    }
    if (one_success && probe->success_threshold != 1)
        errors.invalid(path / "successThreshold", probe->success_threshold, "must be 1");
}

void check_hook(const Box<LifecycleHandler>& hook, const PodSpec& spec, const Path& path, FieldErrors& errors) {
    if (!hook) return;
    check_handler(*hook, hook->sleep ? 1 : 0, path, errors);
    if (!hook->sleep) return;
    int64_t grace = spec.termination_grace_period_seconds.value_or(30);
    const Path at = path / "sleep";
    if (hook->sleep->seconds < 0 || hook->sleep->seconds > grace)
        errors.invalid(at / "seconds", hook->sleep->seconds,
                       fmt::format("must be greater than 0 and less than terminationGracePeriodSeconds ({})", grace));
}

bool is_init(const Container& container, const PodSpec& spec) {
    return &container >= spec.init_containers.begin() && &container < spec.init_containers.end();
}

constexpr size_t restart_rules_max = 20;
constexpr size_t rule_exit_codes_max = 255;

void check_restart_rule(const ContainerRestartRule& rule, const Path& path, FieldErrors& errors) {
    constexpr std::array<std::string_view, 1> actions{"Restart"};
    constexpr std::array<std::string_view, 2> operators{"In", "NotIn"};
    if (!rule.action.empty() && rule.action != "Restart") errors.not_supported(path / "action", rule.action, actions);
    const Path at = path / "exitCodes";
    if (!rule.exit_codes) return errors.required(at, "must be specified");
    const std::string_view op = rule.exit_codes->operator_;
    if (!op.empty() && op != "In" && op != "NotIn") errors.not_supported(at / "operator", op, operators);
    const Path values = at / "values";
    if (rule.exit_codes->values.empty()) errors.invalid_json(values, "[]", "must specify at least 1 value");
    if (rule.exit_codes->values.size() > rule_exit_codes_max)
        errors.too_many(values, rule.exit_codes->values.size(), rule_exit_codes_max);
}

void check_restart_policy(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors) {
    constexpr std::array<std::string_view, 3> policies{"Always", "Never", "OnFailure"};
    const Path at = path / "restartPolicy";
    const Path rules = path / "restartPolicyRules";
    if (!container.restart_policy) {
        if (!container.restart_policy_rules.empty())
            errors.required(at, "must specify restartPolicy when restart rules are used");
        return;
    }
    const std::string_view policy = *container.restart_policy;
    if (std::ranges::find(policies, policy) == policies.end()) errors.not_supported(at, policy, policies);
    if (container.restart_policy_rules.empty()) return;
    if (is_init(container, spec) && is_sidecar(container))
        return errors.forbidden(rules, "restartPolicyRules cannot be used with a sidecar, which is always restarted");
    if (container.restart_policy_rules.size() > restart_rules_max)
        errors.too_many(rules, container.restart_policy_rules.size(), restart_rules_max);
    for (size_t i = 0; i < container.restart_policy_rules.size(); ++i)
        check_restart_rule(container.restart_policy_rules[i], rules[i], errors);
}

void check_resource_name(std::string_view name, const Path& path, FieldErrors& errors) {
    if (name == "cpu" || name == "memory" || name == "ephemeral-storage") return;
    if (name.starts_with("hugepages-")) return errors.forbidden(path, "huge pages are not supported by this node");
    Complaints complaints = check_qualified_name(name);
    errors.complain(path, name, complaints);
    if (!complaints.empty()) return;
    if (name.find('/') == name.npos) errors.invalid(path, name, "must be a standard resource for containers");
}

void check_amounts(const Map<Quantity>& amounts, const Path& path, FieldErrors& errors) {
    const Quantity zero;
    for (const auto& amount : amounts) {
        const Path at = path.key(amount.key);
        check_resource_name(amount.key, at, errors);
        if (amount.value.compare(zero) < 0) errors.invalid(at, amount.value.text, "must be greater than or equal to 0");
        if (amount.key.view().find('/') != std::string_view::npos && amount.value.milli_value() % 1000 != 0)
            errors.invalid(at, amount.value.text, "must be an integer");
    }
}

}  // namespace

void check_resources(const ResourceRequirements& resources, const Path& path, FieldErrors& errors) {
    const Path requests = path / "requests";
    const Path limits = path / "limits";
    check_amounts(resources.limits, limits, errors);
    check_amounts(resources.requests, requests, errors);
    for (const auto& request : resources.requests) {
        const Quantity* limit = resources.limits.get(request.key);
        bool extended = request.key.view().find('/') != std::string_view::npos;
        if (limit == nullptr) {
            if (extended) errors.required(limits, "Limit must be set for non overcommitable resources");
        } else if (extended && request.value.compare(*limit) != 0) {
            errors.invalid(requests, request.value.text,
                           fmt::format("must be equal to {} limit of {}", request.key, limit->text));
        } else if (request.value.compare(*limit) > 0) {
            errors.invalid(requests, request.value.text,
                           fmt::format("must be less than or equal to {} limit of {}", request.key, limit->text));
        }
    }
}

void check_probes(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors) {
    constexpr std::string_view not_for_init = "may not be set for init containers without restartPolicy=Always";
    if (is_init(container, spec) && !is_sidecar(container)) {
        if (container.liveness_probe) errors.forbidden(path / "livenessProbe", not_for_init);
        if (container.readiness_probe) errors.forbidden(path / "readinessProbe", not_for_init);
        if (container.startup_probe) errors.forbidden(path / "startupProbe", not_for_init);
        if (container.lifecycle) errors.forbidden(path / "lifecycle", not_for_init);
        return;
    }
    check_probe(container.liveness_probe, true, path / "livenessProbe", errors);
    check_probe(container.readiness_probe, false, path / "readinessProbe", errors);
    check_probe(container.startup_probe, true, path / "startupProbe", errors);
    if (!container.lifecycle) return;
    const Path lifecycle = path / "lifecycle";
    check_hook(container.lifecycle->post_start, spec, lifecycle / "postStart", errors);
    check_hook(container.lifecycle->pre_stop, spec, lifecycle / "preStop", errors);
    if (container.lifecycle->stop_signal && !spec.os)
        errors.forbidden(lifecycle / "stopSignal", "may not be set for containers with empty `spec.os.name`");
}

void check_container_fields(const Container& container, const PodSpec& spec, const Path& path, FieldErrors& errors) {
    if (!container.name.empty()) errors.complain(path / "name", container.name, check_dns1123_label(container.name));
    std::string_view image = container.image;
    if (image.empty()) errors.required(path / "image");
    else if (image.find_first_not_of(" \t\r\n") != 0 || image.find_last_not_of(" \t\r\n") != image.size() - 1)
        errors.invalid(path / "image", image, "must not have leading or trailing whitespace");
    check_container_ports(container, spec, path / "ports", errors);
    check_env(container, spec, path, errors);
    check_volume_mounts(container, spec, path, errors);
    check_probes(container, spec, path, errors);
    check_restart_policy(container, spec, path, errors);
    check_resources(container.resources, path / "resources", errors);
    check_resize_policy(container, spec, is_init(container, spec), path, errors);
    if (!container.termination_message_path.empty() && container.termination_message_path.view().front() != '/')
        errors.invalid(path / "terminationMessagePath", container.termination_message_path, "must be an absolute path");
}

}  // namespace orilla::api

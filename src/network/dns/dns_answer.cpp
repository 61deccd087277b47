#include <fmt/core.h>
#include <algorithm>
#include <array>

#include "dns/dns_message.hpp"
#include "dns/dns_names.hpp"
#include "orilla/network/dns.hpp"

namespace orilla::network {

namespace {
constexpr uint32_t ttl_s = 5;
constexpr uint16_t class_any = 255;
constexpr int cname_chain_max = 8;
constexpr char dns_version[] = "1.1.0";  // of the specification that names follow

using Section = DnsReplyWriter::Section;

struct Record {
    DnsType type;
    std::string data;
    std::string name;  ///< "": the question's
    uint32_t ttl = ttl_s;
};

/// What the zone knows about a name.
struct Finding {
    bool exists = false;
    std::vector<Record> answers;     ///< of every type; the question's are picked
    std::vector<Record> additional;  ///< with SRV: the targets' addresses
    std::string alias;               ///< an ExternalName's target
};

std::string address_data(Ipv4 ip) { return be32(ip.value); }

std::vector<std::string_view> labels_of(std::string_view name) {
    std::vector<std::string_view> labels;
    while (!name.empty()) {
        const size_t dot = std::min(name.find('.'), name.size());
        labels.push_back(name.substr(0, dot));
        name.remove_prefix(std::min(dot + 1, name.size()));
    }
    return labels;
}

/// `name` without `.domain` behind it; nothing when it is elsewhere. The domain itself gives "".
std::optional<std::string_view> below(std::string_view name, std::string_view domain) {
    if (name == domain) return std::string_view();
    if (name.size() <= domain.size() || name.substr(name.size() - domain.size()) != domain) return std::nullopt;
    name.remove_suffix(domain.size());
    if (name.back() != '.') return std::nullopt;
    name.remove_suffix(1);
    return name;
}

// ---- services --------------------------------------------------------------------------------------------------------

Finding find_service_name(const DnsService& service) {
    Finding found;
    found.exists = !service.cluster_ips.empty() || !service.endpoints.empty();
    for (const Ipv4 ip : service.cluster_ips) found.answers.push_back({DnsType::a, address_data(ip)});
    for (const DnsEndpoint& endpoint : service.endpoints) {
        Record record{DnsType::a, address_data(endpoint.ip)};
        const auto same = [&record](const Record& other) { return other.data == record.data; };
        if (std::none_of(found.answers.begin(), found.answers.end(), same)) found.answers.push_back(record);
    }
    if (!service.external_name.empty()) {
        found.exists = true;
        found.alias = service.external_name;
    }
    return found;
}

Finding find_endpoint_name(const DnsService& service, std::string_view label) {
    Finding found;
    for (const DnsEndpoint& endpoint : service.endpoints) {
        if (endpoint_label(endpoint) != label) continue;
        found.exists = true;
        found.answers.push_back({DnsType::a, address_data(endpoint.ip)});
    }
    // _tcp.NAME exists when there is a port below it.
    if (label == "_tcp" || label == "_udp" || label == "_sctp")
        for (const DnsPort& port : service.ports) found.exists |= "_" + port.protocol == label && !port.name.empty();
    return found;
}

void add_srv(Finding& found, uint16_t port, size_t of, const std::string& target, Ipv4 ip) {
    const auto weight = static_cast<uint16_t>(std::max<size_t>(100 / std::max<size_t>(of, 1), 1));
    found.exists = true;
    found.answers.push_back({DnsType::srv, be16(0) + be16(weight) + be16(port) + name_bytes(target)});
    found.additional.push_back({DnsType::a, address_data(ip), target});
}

bool names_port(const DnsPort& port, std::string_view name, std::string_view protocol) {
    return !port.name.empty() && port.name == name && port.protocol == protocol;
}

Finding find_port_name(const DnsService& service, const std::string& full, std::string_view port_label,
                       std::string_view protocol_label) {
    Finding found;
    if (port_label.size() < 2 || port_label[0] != '_' || protocol_label.size() < 2 || protocol_label[0] != '_') return found;
    const std::string_view name = port_label.substr(1), protocol = protocol_label.substr(1);
    for (const DnsPort& port : service.ports)
        if (!service.cluster_ips.empty() && names_port(port, name, protocol))
            add_srv(found, port.port, 1, full, service.cluster_ips[0]);
    for (const DnsEndpoint& endpoint : service.endpoints)
        for (const DnsPort& port : endpoint.ports)
            if (names_port(port, name, protocol))
                add_srv(found, port.port, service.endpoints.size(), fmt::format("{}.{}", endpoint_label(endpoint), full),
                        endpoint.ip);
    return found;
}

/// labels: the ones in front of ".svc.DOMAIN".
Finding find_below_svc(const DnsZone& zone, const std::vector<std::string_view>& labels) {
    Finding found;
    if (labels.empty()) return found.exists = true, found;
    const std::string_view ns = labels.back();
    if (labels.size() == 1) return found.exists = zone.has_namespace(ns), found;
    const std::string_view name = labels[labels.size() - 2];
    const DnsService* service = zone.find_service(ns, name);
    if (!service) return found;
    if (labels.size() == 2) return find_service_name(*service);
    if (labels.size() == 3) return find_endpoint_name(*service, labels[0]);
    if (labels.size() > 4) return found;
    const std::string full = fmt::format("{}.{}.svc.{}", name, ns, zone.domain());
    return find_port_name(*service, full, labels[0], labels[1]);
}

Finding find_below_pod(const DnsZone& zone, const std::vector<std::string_view>& labels) {
    Finding found;
    if (labels.empty()) return found.exists = true, found;
    if (labels.size() == 1) return found.exists = zone.has_namespace(labels[0]), found;
    if (labels.size() > 2) return found;
    std::string text(labels[0]);
    std::replace(text.begin(), text.end(), '-', '.');
    auto ip = parse_ipv4(text);
    if (!ip || !zone.has_pod(labels[1], *ip)) return found;
    found.exists = true;
    found.answers.push_back({DnsType::a, address_data(*ip)});
    return found;
}

// ---- the zone --------------------------------------------------------------------------------------------------------

std::string soa_data(const DnsZone& zone) {
    return name_bytes("ns.dns." + zone.domain()) + name_bytes("hostmaster." + zone.domain()) + be32(1) + be32(7200) +
           be32(1800) + be32(86400) + be32(ttl_s);
}

Finding find_in_domain(const DnsZone& zone, std::string_view relative) {
    Finding found;
    std::vector<std::string_view> labels = labels_of(relative);
    if (labels.empty()) {
        found.exists = true;
        found.answers.push_back({DnsType::soa, soa_data(zone)});
        found.answers.push_back({DnsType::ns, name_bytes("ns.dns." + zone.domain())});
        return found;
    }
    if (relative == "dns-version") {
        found.exists = true;
        found.answers.push_back({DnsType::txt, static_cast<char>(sizeof dns_version - 1) + std::string(dns_version)});
        return found;
    }
    const std::string_view tree = labels.back();
    labels.pop_back();
    if (tree == "svc") return find_below_svc(zone, labels);
    if (tree == "pod") return find_below_pod(zone, labels);
    return found;
}

/// The address that a name below in-addr.arpa stands for, when it is a whole one.
std::optional<Ipv4> reversed_address(std::string_view name) {
    const auto relative = below(name, "in-addr.arpa");
    if (!relative) return std::nullopt;
    const std::vector<std::string_view> labels = labels_of(*relative);
    if (labels.size() != 4) return std::nullopt;
    std::string text;
    for (size_t i = 4; i-- > 0;) text.append(labels[i]).append(i ? "." : "");
    auto ip = parse_ipv4(text);
    if (!ip) return std::nullopt;
    return *ip;
}

std::optional<Finding> find(const DnsZone& zone, std::string_view name) {
    if (const auto relative = below(name, zone.domain())) return find_in_domain(zone, *relative);
    const auto ip = reversed_address(name);
    if (!ip || !zone.owns_reverse(*ip)) return std::nullopt;
    Finding found;
    for (const std::string& target : zone.names_of(*ip)) {
        found.exists = true;
        found.answers.push_back({DnsType::ptr, name_bytes(target)});
    }
    return found;
}

// ---- replies ---------------------------------------------------------------------------------------------------------

bool wants(const DnsQuery& query, DnsType type) {
    return query.type == static_cast<uint16_t>(type) || query.type == static_cast<uint16_t>(DnsType::any);
}

size_t bytes_max(const DnsQuery& query, DnsTransport transport) {
    return transport == DnsTransport::tcp ? dns_tcp_bytes_max : query.udp_bytes;
}

/// "No such name" or "nothing of this type", with how long that may be remembered.
std::string negative_reply(const DnsQuery& query, const DnsZone& zone, bool exists, size_t limit) {
    DnsReplyWriter writer(query, limit);
    if (below(query.name, zone.domain())) {
        writer.add(Section::authority, zone.domain(), DnsType::soa, ttl_s, soa_data(zone));
    } else {
        // A reverse name: its network stands behind the first label.
        writer.add_below_question(1 + static_cast<size_t>(query.question[0]), DnsType::soa, ttl_s, soa_data(zone));
    }
    return writer.finish(exists ? DnsRcode::ok : DnsRcode::no_such_name, true);
}

void add_answers(DnsReplyWriter& writer, const DnsQuery& query, const Finding& found, const std::string& owner) {
    // Each query starts elsewhere in the list, so that clients that take the first spread.
    const size_t count = found.answers.size();
    for (size_t i = 0; i < count; ++i) {
        const Record& record = found.answers[(i + query.id) % count];
        if (wants(query, record.type)) writer.add(Section::answer, owner, record.type, record.ttl, record.data);
    }
    if (wants(query, DnsType::srv))
        for (const Record& record : found.additional)
            writer.add(Section::additional, record.name, record.type, record.ttl, record.data);
}

DnsVerdict reply(std::string bytes) { return {DnsVerdict::Kind::reply, std::move(bytes), {}}; }

bool has_answer(const DnsQuery& query, const Finding& found) {
    return std::any_of(found.answers.begin(), found.answers.end(),
                       [&query](const Record& record) { return wants(query, record.type); });
}

/// Follows ExternalNames that lead to names of ours; others are for upstream.
DnsVerdict answer_alias(const DnsQuery& query, const DnsZone& zone, Finding found, size_t limit) {
    DnsReplyWriter writer(query, limit);
    std::string owner;
    for (int hops = 0; !found.alias.empty(); ++hops) {
        if (hops == cname_chain_max) return reply(error_reply(query, DnsRcode::server_failure));
        writer.add(Section::answer, owner, DnsType::cname, ttl_s, name_bytes(found.alias));
        owner = found.alias;
        if (wants(query, DnsType::cname)) break;
        auto next = find(zone, owner);
        if (!next) return {DnsVerdict::Kind::chase, {}, owner};
        found = std::move(*next);
    }
    if (!wants(query, DnsType::cname)) add_answers(writer, query, found, owner);
    return reply(writer.finish(DnsRcode::ok, true));
}

DnsVerdict answer_query(const DnsQuery& query, const DnsZone& zone, DnsTransport transport) {
    if (query.edns && query.edns_version != 0) return reply(error_reply(query, DnsRcode::bad_version));
    if (query.klass != dns_class_in && query.klass != class_any) return reply(error_reply(query, DnsRcode::refused));
    auto found = find(zone, query.name);
    if (!found) return {DnsVerdict::Kind::forward, {}, {}};
    const size_t limit = bytes_max(query, transport);
    if (!found->alias.empty()) return answer_alias(query, zone, std::move(*found), limit);
    if (!has_answer(query, *found)) return reply(negative_reply(query, zone, found->exists, limit));
    DnsReplyWriter writer(query, limit);
    add_answers(writer, query, *found, "");
    return reply(writer.finish(DnsRcode::ok, true));
}

/// A record's data without compression, for the types whose data has names.
std::optional<std::string> plain_data(std::string_view message, const DnsRecordView& record) {
    if (record.type != static_cast<uint16_t>(DnsType::cname)) return std::string(record.data);
    size_t offset = record.data_offset;
    const auto target = read_name(message, offset);
    if (!target) return std::nullopt;
    return name_bytes(*target);
}
}  // namespace

DnsVerdict answer(std::string_view bytes, const DnsZone& zone, DnsTransport transport) {
    const ParsedQuery parsed = parse_query(bytes);
    switch (parsed.state) {
        case ParsedQuery::State::ignore: return {};
        case ParsedQuery::State::malformed: return reply(error_reply(parsed.query, DnsRcode::format_error));
        case ParsedQuery::State::not_implemented: return reply(error_reply(parsed.query, DnsRcode::not_implemented));
        case ParsedQuery::State::query: break;
    }
    return answer_query(parsed.query, zone, transport);
}

std::string chased_answer(std::string_view bytes, std::string_view target, std::string_view upstream_reply,
                          DnsTransport transport) {
    const ParsedQuery parsed = parse_query(bytes);
    const DnsQuery& query = parsed.query;
    const std::string_view question = question_bytes(upstream_reply);
    if (question.empty()) return error_reply(query, DnsRcode::server_failure);
    DnsReplyWriter writer(query, bytes_max(query, transport));
    writer.add(Section::answer, "", DnsType::cname, ttl_s, name_bytes(target));
    size_t offset = dns_header_bytes + question.size();
    const size_t count =
        static_cast<size_t>(static_cast<uint8_t>(upstream_reply[6])) << 8 | static_cast<uint8_t>(upstream_reply[7]);
    for (size_t i = 0; i < std::min(count, dns_records_max); ++i) {
        const auto record = read_record(upstream_reply, offset);
        const auto data = record ? plain_data(upstream_reply, *record) : std::nullopt;
        if (!data) break;
        const auto type = static_cast<DnsType>(record->type);
        const std::array taken = {DnsType::a, DnsType::aaaa, DnsType::cname};
        if (std::find(taken.begin(), taken.end(), type) == taken.end() || record->name.empty()) continue;
        writer.add(Section::answer, record->name, type, record->ttl, *data);
    }
    const auto rcode = static_cast<DnsRcode>(static_cast<uint8_t>(upstream_reply[3]) & 15);
    return writer.finish(rcode, false);
}

}  // namespace orilla::network

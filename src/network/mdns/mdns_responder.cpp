#include "mdns/mdns_responder.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace orilla::network {
namespace {
constexpr int mdns_probes = 3, mdns_announcements = 2;
constexpr int64_t mdns_probe_pause_ms = 250, mdns_announcement_pause_ms = 1'000;
constexpr int64_t say_pause_ms = 1'000;           ///< section 6: not more often than once a second
constexpr int64_t lost_tie_pause_ms = 1'000;      ///< section 8.2
constexpr int64_t mdns_defend_pause_ms = 10'000;  ///< a host that insists costs one round of mdns_probes in so long
constexpr int64_t mdns_retry_ms = 60'000;         ///< while another host has the name
constexpr int64_t more_known_ms = 400;            ///< section 7.2: until the rest of a cut query is here
constexpr uint32_t mdns_ttl_s = 120, legacy_ttl_s = 10;
constexpr int64_t heard_lately_ms = mdns_ttl_s * 1'000 / 4;
constexpr int alone_per_s_max = 50;
constexpr size_t names_per_message_max = 4;

constexpr auto type_a = static_cast<uint16_t>(DnsType::a), type_aaaa = static_cast<uint16_t>(DnsType::aaaa),
               type_any = static_cast<uint16_t>(DnsType::any), type_nsec = static_cast<uint16_t>(DnsType::nsec);

/// Section 8.2.1: by class, type and bytes; all of ours have one class.
bool comes_before(const MdnsRecord& a, const MdnsRecord& b) { return std::tie(a.type, a.data) < std::tie(b.type, b.data); }

/// Who has the larger data has the name.
int compare_claims(std::vector<MdnsRecord> ours, std::vector<MdnsRecord> theirs) {
    std::ranges::sort(ours, comes_before);
    std::ranges::sort(theirs, comes_before);
    for (size_t i = 0; i < std::min(ours.size(), theirs.size()); ++i) {
        if (comes_before(ours[i], theirs[i])) return -1;
        if (comes_before(theirs[i], ours[i])) return 1;
    }
    return ours.size() == theirs.size() ? 0 : ours.size() < theirs.size() ? -1 : 1;
}

/// Section 6.1: which of the two kinds of addresses there are; asking for others is of no use.
std::string nsec_data(const std::string& name, const LinkAddresses& addresses) {
    std::string bitmap(addresses.v6.empty() ? 1 : 4, '\0');
    if (!addresses.v4.empty()) bitmap[0] = 0x40;
    if (!addresses.v6.empty()) bitmap[3] = 0x08;
    return name_bytes(name) + '\0' + static_cast<char>(bitmap.size()) + bitmap;
}
}  // namespace

// ---- what is ours
// ------------------------------------------------------------------------------------------------------------

void MdnsResponder::begin_probing(Name& name, int64_t at_ms) {
    name.state = State::probing;
    name.left = mdns_probes;
    name.answer_ms = INT64_MAX;
    // Boxes that were switched on together do not ask together.
    name.step_ms = at_ms + static_cast<int64_t>(random_.below(mdns_probe_pause_ms));
}

void MdnsResponder::set_names(const std::set<std::string>& names, int64_t now_ms) {
    for (auto it = names_.begin(); it != names_.end();) {
        if (names.contains(it->first)) {
            ++it;
            continue;
        }
        if (it->second.is_ours()) farewells_.push_back(it->first);
        it = names_.erase(it);
    }
    for (const std::string& text : names) {
        const auto [at, is_new] = names_.try_emplace(text);
        if (is_new && !addresses_.empty()) begin_probing(at->second, now_ms);
    }
}

void MdnsResponder::set_addresses(LinkAddresses addresses, int64_t now_ms) {
    if (addresses == addresses_) return;
    addresses_ = std::move(addresses);
    for (auto& [text, name] : names_) {
        if (addresses_.empty()) name = Name();
        else if (name.state == State::waiting) begin_probing(name, now_ms);
        else if (name.is_ours()) name.state = State::announcing, name.left = mdns_announcements, name.step_ms = now_ms;
    }
}

std::vector<MdnsRecord> MdnsResponder::addresses_of(const std::string& text) const {
    std::vector<MdnsRecord> records;
    for (const Ipv4 ip : addresses_.v4) records.push_back({text, type_a, mdns_ttl_s, be32(ip.value), true});
    for (const Ipv6Bytes& ip : addresses_.v6) records.push_back({text, type_aaaa, mdns_ttl_s, {ip.data(), ip.size()}, true});
    return records;
}

std::vector<MdnsRecord> MdnsResponder::records_of(const std::string& text, uint32_t ttl) const {
    std::vector<MdnsRecord> records = addresses_of(text);
    if (addresses_.v4.empty() || addresses_.v6.empty())
        records.push_back({text, type_nsec, mdns_ttl_s, nsec_data(text, addresses_), true});
    for (MdnsRecord& record : records) record.ttl_s = ttl;
    return records;
}

// ---- hearing
// -----------------------------------------------------------------------------------------------------------------

std::string MdnsResponder::hear(std::string_view packet, const MdnsSource& from, int64_t now_ms) {
    if (names_.empty() || addresses_.empty()) return {};
    const auto message = parse_mdns(packet);
    if (!message) return {};
    if (!message->is_response) return hear_query(*message, from, now_ms);
    // Section 11: an answer comes from port 5353 alone.
    if (from.is_self || from.is_legacy) return {};
    hear_records(message->answers, now_ms);
    hear_records(message->additionals, now_ms);
    return {};
}

std::string MdnsResponder::hear_query(const MdnsMessage& query, const MdnsSource& from, int64_t now_ms) {
    std::vector<MdnsQuestion> alone;
    // The rest of what a cut query knows comes without questions.
    if (query.questions.empty()) {
        for (auto& [text, name] : names_)
            if (name.asked_by == from.key && is_known(text, query.answers)) name.answer_ms = INT64_MAX, name.asked_by = 0;
        return {};
    }
    for (const MdnsQuestion& question : query.questions) {
        const auto found = names_.find(question.name);
        if (found == names_.end()) continue;
        Name& name = found->second;
        if (name.state == State::probing && !from.is_self) hear_probe(found->first, name, query, now_ms);
        if (!name.is_ours()) continue;
        if (from.is_legacy || (question.wants_unicast && now_ms - name.said_ms < heard_lately_ms)) alone.push_back(question);
        else schedule_answer(found->first, name, query, from, now_ms);
    }
    if (alone.empty() || alone.size() > names_per_message_max || !may_answer_alone(now_ms)) return {};
    return answer_alone(alone, query, from.is_legacy);
}

/// Section 8.2: two that want the same name at the same time.
void MdnsResponder::hear_probe(const std::string& text, Name& name, const MdnsMessage& query, int64_t now_ms) {
    std::vector<MdnsRecord> theirs;
    for (const MdnsRecord& record : query.authorities)
        if (record.name == text) theirs.push_back(record);
    if (!theirs.empty() && compare_claims(addresses_of(text), std::move(theirs)) < 0)
        begin_probing(name, now_ms + lost_tie_pause_ms);
}

void MdnsResponder::hear_records(const std::vector<MdnsRecord>& records, int64_t now_ms) {
    for (const MdnsRecord& record : records) {
        const auto found = names_.find(record.name);
        if (found == names_.end() || record.ttl_s == 0 || (record.type != type_a && record.type != type_aaaa)) continue;
        Name& name = found->second;
        const auto ours = addresses_of(found->first);
        const auto is_same = [&](const MdnsRecord& own) { return own.type == record.type && own.data == record.data; };
        if (std::ranges::any_of(ours, is_same)) continue;
        if (name.state == State::probing) {
            name.state = State::anothers;
            name.step_ms = now_ms + mdns_retry_ms + static_cast<int64_t>(random_.below(mdns_retry_ms / 4));
            if (!std::exchange(name.was_anothers, true)) conflicts_.push_back({found->first, true});
        } else if (name.is_ours() && now_ms - name.defended_ms >= mdns_defend_pause_ms) {
            // Section 9: whoever has it answers the mdns_probes.
            name.defended_ms = now_ms;
            begin_probing(name, now_ms);
        } else if (name.is_ours()) {
            name.answer_ms = std::min(name.answer_ms, std::max(now_ms, name.said_ms + say_pause_ms));
        }
    }
}

/// Section 7.1: who has our addresses for at least half of their time is not told them again.
bool MdnsResponder::is_known(const std::string& text, const std::vector<MdnsRecord>& answers) const {
    const auto ours = addresses_of(text);
    return std::ranges::all_of(ours, [&](const MdnsRecord& own) {
        return std::ranges::any_of(answers, [&](const MdnsRecord& known) {
            return known.name == text && known.type == own.type && known.data == own.data && known.ttl_s >= mdns_ttl_s / 2;
        });
    });
}

void MdnsResponder::schedule_answer(const std::string& text, Name& name, const MdnsMessage& query, const MdnsSource& from,
                                    int64_t now_ms) {
    if (query.authorities.empty() && is_known(text, query.answers)) return;
    int64_t at_ms = std::max(now_ms, name.said_ms + say_pause_ms);
    // A probe is answered at once: in 250 ms its sender asks the next time, and after the third he takes the name.
    if (!query.authorities.empty()) at_ms = std::max(now_ms, name.said_ms + mdns_probe_pause_ms);
    if (query.is_cut) at_ms = std::max(at_ms, now_ms + more_known_ms + static_cast<int64_t>(random_.below(100)));
    if (name.answer_ms == INT64_MAX) name.asked_by = query.is_cut ? from.key : 0;
    else if (name.asked_by != from.key) name.asked_by = 0;
    name.answer_ms = std::min(name.answer_ms, at_ms);
}

bool MdnsResponder::may_answer_alone(int64_t now_ms) {
    if (now_ms - alone_since_ms_ >= 1'000) alone_since_ms_ = now_ms, alone_ = 0;
    return ++alone_ <= alone_per_s_max;
}

std::string MdnsResponder::answer_alone(const std::vector<MdnsQuestion>& questions, const MdnsMessage& query,
                                        bool is_legacy) const {
    MdnsMessage answer;
    answer.is_response = true;
    if (is_legacy) answer.id = query.id, answer.questions = questions;
    for (MdnsQuestion& question : answer.questions) question.wants_unicast = false;
    for (const MdnsQuestion& question : questions) {
        for (MdnsRecord& record : records_of(question.name, is_legacy ? legacy_ttl_s : mdns_ttl_s)) {
            const bool is_asked = question.type == type_any || record.type == question.type || record.type == type_nsec;
            if (is_legacy) record.flush = false;
            if (is_legacy && record.type == type_nsec) continue;  // ordinary resolvers would not know what it says
            (is_asked ? answer.answers : answer.additionals).push_back(std::move(record));
        }
    }
    return render_mdns(answer);
}

// ---- saying
// ------------------------------------------------------------------------------------------------------------------

int64_t MdnsResponder::next_due_ms() const {
    if (!farewells_.empty()) return INT64_MIN;
    int64_t next = INT64_MAX;
    for (const auto& [text, name] : names_) next = std::min({next, name.step_ms, name.answer_ms});
    return next;
}

void MdnsResponder::take_step(const std::string& text, Name& name, int64_t now_ms, std::vector<std::string>& asked,
                              std::vector<std::string>& said) {
    if (name.state == State::anothers) begin_probing(name, now_ms);
    if (name.state == State::probing && name.step_ms <= now_ms) {
        if (name.left-- > 0) {
            asked.push_back(text);
            name.step_ms = now_ms + mdns_probe_pause_ms;
            return;
        }
        name.state = State::announcing;
        name.left = mdns_announcements;
        if (std::exchange(name.was_anothers, false)) conflicts_.push_back({text, false});
    }
    if (name.state != State::announcing || name.step_ms > now_ms) return;
    said.push_back(text);
    name.step_ms = now_ms + mdns_announcement_pause_ms;
    if (--name.left == 0) name.state = State::served, name.step_ms = INT64_MAX;
}

std::vector<std::string> MdnsResponder::take_due(int64_t now_ms) {
    std::vector<std::string> asked, said, out;
    for (auto& [text, name] : names_) {
        if (name.step_ms <= now_ms) take_step(text, name, now_ms, asked, said);
        const bool is_said = !said.empty() && said.back() == text;
        if (name.answer_ms <= now_ms && !is_said && name.is_ours()) said.push_back(text);
        if (name.answer_ms <= now_ms) name.answer_ms = INT64_MAX, name.asked_by = 0;
        if (!said.empty() && said.back() == text) name.said_ms = now_ms;
    }
    const auto in_portions = [&out](std::vector<std::string>& names, const auto& add) {
        for (size_t at = 0; at < names.size(); at += names_per_message_max) {
            MdnsMessage message;
            for (size_t i = at; i < std::min(names.size(), at + names_per_message_max); ++i) add(message, names[i]);
            out.push_back(render_mdns(message));
        }
    };
    const auto say = [this](uint32_t ttl) {
        return [this, ttl](MdnsMessage& message, const std::string& text) {
            message.is_response = true;
            for (MdnsRecord& record : records_of(text, ttl)) message.answers.push_back(std::move(record));
        };
    };
    in_portions(asked, [this](MdnsMessage& message, const std::string& text) {
        message.questions.push_back({text, type_any, true});
        for (MdnsRecord& record : addresses_of(text)) record.flush = false, message.authorities.push_back(std::move(record));
    });
    in_portions(said, say(mdns_ttl_s));
    if (!addresses_.empty()) in_portions(farewells_, say(0));
    farewells_.clear();
    return out;
}

}  // namespace orilla::network

// The names of the box on one link of its LAN, as multicast DNS has it (RFC 6762): asked for before they are used (8.1), told
// twice when they are (8.3), answered for, defended, and taken back with a last word. A name that another host has is left to
// him, told of, and tried again later: it cannot be given another name, because people were told this one. Pure: packets and
// the time in, packets out. However often it is asked, a name is said once a second.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "mdns/mdns_message.hpp"
#include "orilla/base/ipv4.hpp"
#include "orilla/base/random.hpp"

namespace orilla::network {

using Ipv6Bytes = std::array<char, 16>;

/// What the names mean on a link.
struct LinkAddresses {
    std::vector<Ipv4> v4;
    std::vector<Ipv6Bytes> v6;
    bool empty() const { return v4.empty() && v6.empty(); }
    bool operator==(const LinkAddresses&) const = default;
};

struct MdnsSource {
    uint64_t key = 0;        ///< of his address
    bool is_legacy = false;  ///< asked from another port than 5353: an ordinary resolver, which wants an ordinary answer (6.7)
    bool is_self = false;    ///< an address of this link of ours: what another program here says is no conflict
};

class MdnsResponder {
  public:
    explicit MdnsResponder(Random& random) : random_(random) {}

    void set_names(const std::set<std::string>& names, int64_t now_ms);
    void set_addresses(LinkAddresses addresses, int64_t now_ms);
    /// The answer for its sender alone; empty: none.
    std::string hear(std::string_view packet, const MdnsSource& from, int64_t now_ms);
    /// What everybody is to hear by now.
    std::vector<std::string> take_due(int64_t now_ms);
    /// INT64_MAX: nothing to do until something comes.
    int64_t next_due_ms() const;
    struct Conflict {
        std::string name;
        bool is_anothers = true;  ///< or was, and is ours now
        bool operator==(const Conflict&) const = default;
    };
    /// What was found out since the last call.
    std::vector<Conflict> take_conflicts() { return std::exchange(conflicts_, {}); }

  private:
    enum class State : uint8_t { waiting, probing, announcing, served, anothers };
    struct Name {
        State state = State::waiting;
        int left = 0;                   ///< probes or announcements
        int64_t step_ms = INT64_MAX;    ///< when the next one is due
        int64_t answer_ms = INT64_MAX;  ///< when it was asked for, as soon as it may be said again
        int64_t said_ms = INT64_MIN / 2;
        int64_t defended_ms = INT64_MIN / 2;
        bool was_anothers = false;
        uint64_t asked_by = 0;  ///< the one that may still say that he knows; 0: several, or nobody
        bool is_ours() const { return state == State::announcing || state == State::served; }
    };

    void begin_probing(Name& name, int64_t at_ms);
    std::string hear_query(const MdnsMessage& query, const MdnsSource& from, int64_t now_ms);
    void hear_probe(const std::string& text, Name& name, const MdnsMessage& query, int64_t now_ms);
    void hear_records(const std::vector<MdnsRecord>& records, int64_t now_ms);
    void schedule_answer(const std::string& text, Name& name, const MdnsMessage& query, const MdnsSource& from, int64_t now_ms);
    bool is_known(const std::string& text, const std::vector<MdnsRecord>& answers) const;
    bool may_answer_alone(int64_t now_ms);
    std::string answer_alone(const std::vector<MdnsQuestion>& questions, const MdnsMessage& query, bool is_legacy) const;
    std::vector<MdnsRecord> addresses_of(const std::string& text) const;
    std::vector<MdnsRecord> records_of(const std::string& text, uint32_t ttl_s) const;
    void take_step(const std::string& text, Name& name, int64_t now_ms, std::vector<std::string>& probes,
                   std::vector<std::string>& said);

    Random& random_;
    LinkAddresses addresses_;
    std::map<std::string, Name> names_;
    std::vector<std::string> farewells_;
    std::vector<Conflict> conflicts_;
    int64_t alone_since_ms_ = INT64_MIN / 2;
    int alone_ = 0;
};

}  // namespace orilla::network

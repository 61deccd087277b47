#include "mdns/mdns_message.hpp"

#include <utility>

namespace orilla::network {
namespace {
constexpr uint16_t mdns_response_flag = 0x8000, mdns_authoritative_flag = 0x0400, mdns_cut_flag = 0x0200,
                   opcode_and_rcode = 0x780f;
constexpr size_t mdns_question_tail_bytes = 4;
constexpr size_t compressed_from_max = 0x3fff;

bool read_questions(std::string_view bytes, size_t& offset, size_t count, MdnsMessage& message) {
    for (size_t i = 0; i < count; ++i) {
        auto name = read_name(bytes, offset);
        if (!name || offset + mdns_question_tail_bytes > bytes.size()) return false;
        const uint16_t klass = from_be16(bytes, offset + 2);
        if ((klass & ~mdns_unicast_bit) == dns_class_in || (klass & ~mdns_unicast_bit) == 255)
            message.questions.push_back({std::move(*name), from_be16(bytes, offset), (klass & mdns_unicast_bit) != 0});
        offset += mdns_question_tail_bytes;
    }
    return true;
}

bool read_records(std::string_view bytes, size_t& offset, size_t count, std::vector<MdnsRecord>& records) {
    for (size_t i = 0; i < count; ++i) {
        auto record = read_record(bytes, offset);
        if (!record) return false;
        if ((record->klass & ~mdns_flush_bit) != dns_class_in) continue;
        records.push_back({std::move(record->name), record->type, record->ttl, std::string(record->data),
                           (record->klass & mdns_flush_bit) != 0});
    }
    return true;
}

class Writer {
  public:
    void name(const std::string& text) {
        for (const auto& [known, at] : names_)
            if (known == text) return void(out += be16(static_cast<uint16_t>(0xc000 | at)));
        if (out.size() <= compressed_from_max) names_.emplace_back(text, out.size());
        out += name_bytes(text);
    }
    void question(const MdnsQuestion& question) {
        name(question.name);
        out +=
            be16(question.type) + be16(static_cast<uint16_t>(dns_class_in | (question.wants_unicast ? mdns_unicast_bit : 0)));
    }
    void record(const MdnsRecord& record) {
        name(record.name);
        out += be16(record.type) + be16(static_cast<uint16_t>(dns_class_in | (record.flush ? mdns_flush_bit : 0)));
        out += be32(record.ttl_s) + be16(static_cast<uint16_t>(record.data.size())) + record.data;
    }
    std::string out;

  private:
    std::vector<std::pair<std::string, size_t>> names_;
};
}  // namespace

std::optional<MdnsMessage> parse_mdns(std::string_view bytes) {
    if (bytes.size() < dns_header_bytes) return std::nullopt;
    const uint16_t flags = from_be16(bytes, 2);
    // Section 18: other operations and failures are not for this protocol.
    if (flags & opcode_and_rcode) return std::nullopt;
    const size_t questions = from_be16(bytes, 4), answers = from_be16(bytes, 6), authorities = from_be16(bytes, 8),
                 additionals = from_be16(bytes, 10);
    if (questions + answers + authorities + additionals > mdns_records_max) return std::nullopt;
    MdnsMessage message;
    message.id = from_be16(bytes, 0);
    message.is_response = (flags & mdns_response_flag) != 0;
    message.is_cut = (flags & mdns_cut_flag) != 0;
    size_t offset = dns_header_bytes;
    if (!read_questions(bytes, offset, questions, message) || !read_records(bytes, offset, answers, message.answers) ||
        !read_records(bytes, offset, authorities, message.authorities) ||
        !read_records(bytes, offset, additionals, message.additionals))
        return std::nullopt;
    return message;
}

std::string render_mdns(const MdnsMessage& message) {
    Writer writer;
    uint16_t flags = message.is_response ? mdns_response_flag | mdns_authoritative_flag : 0;
    if (message.is_cut) flags |= mdns_cut_flag;
    writer.out = be16(message.id) + be16(flags);
    for (const size_t count :
         {message.questions.size(), message.answers.size(), message.authorities.size(), message.additionals.size()})
        writer.out += be16(static_cast<uint16_t>(count));
    for (const MdnsQuestion& question : message.questions) writer.question(question);
    for (const auto* records : {&message.answers, &message.authorities, &message.additionals})
        for (const MdnsRecord& record : *records) writer.record(record);
    return std::move(writer.out);
}

}  // namespace orilla::network

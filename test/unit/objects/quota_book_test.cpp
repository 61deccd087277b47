#include "quota_book.hpp"

#include <catch2/catch.hpp>

#include "orilla/kinds/codec.hpp"

using namespace orilla;
using objects::QuotaBook;

namespace {

QuotaBook::Quota quota_of(const char* name, std::initializer_list<std::pair<const char*, const char*>> hard) {
    auto quota = std::make_shared<api::ResourceQuota>();
    quota->metadata.name = api::Str(name);
    for (const auto& [amount, most] : hard) quota->spec.hard[amount] = *api::Quantity::parse(most);
    return quota;
}
api::QuotaCharge pod_charge(const char* cpu) {
    api::QuotaCharge charge;
    charge.of = api::QuotaCharge::Of::pod;
    charge.amounts["pods"] = *api::Quantity::parse("1");
    charge.amounts["requests.cpu"] = *api::Quantity::parse(cpu);
    return charge;
}
std::string used(const QuotaBook& book, const char* quota) { return api::amounts_text(*book.used(quota)); }

}  // namespace

TEST_CASE("QuotaBook: an object counts once, as it was told last") {
    QuotaBook book;
    CHECK(book.put_quota(quota_of("q", {{"pods", "2"}, {"requests.cpu", "1"}, {"secrets", "3"}})));
    book.begin();
    CHECK(used(book, "q") == "pods=0,requests.cpu=0,secrets=0");
    CHECK(book.put("pods", "a", 1, pod_charge("100m")));
    CHECK_FALSE(book.put("pods", "a", 2, pod_charge("100m")));
    CHECK(book.put("pods", "a", 3, pod_charge("300m")));
    CHECK(book.put("pods", "b", 4, pod_charge("700m")));
    CHECK(used(book, "q") == "pods=2,requests.cpu=1,secrets=0");
    CHECK(book.drop("pods", "a"));
    CHECK_FALSE(book.drop("pods", "a"));
    CHECK(used(book, "q") == "pods=1,requests.cpu=700m,secrets=0");
}

TEST_CASE("QuotaBook: what is under way counts against others") {
    QuotaBook book;
    book.put_quota(quota_of("q", {{"pods", "2"}, {"requests.cpu", "1"}}));
    book.begin();
    book.put("pods", "a", 1, pod_charge("100m"));
    const auto hold = book.hold(pod_charge("500m"), nullptr);
    CHECK(used(book, "q") == "pods=1,requests.cpu=100m");
    const auto refused = book.refuse(pod_charge("600m"), nullptr);
    REQUIRE(refused);
    CHECK(refused->text ==
          "exceeded quota: q, requested: pods=1,requests.cpu=600m, used: pods=2,requests.cpu=600m, limited: "
          "pods=2,requests.cpu=1");
    book.release(hold);
    CHECK_FALSE(book.refuse(pod_charge("600m"), nullptr));
}

TEST_CASE("QuotaBook: only the names that exceed are told, and only what becomes more is counted") {
    QuotaBook book;
    book.put_quota(quota_of("q", {{"pods", "1"}, {"requests.cpu", "1"}}));
    book.begin();
    book.put("pods", "a", 1, pod_charge("2"));
    const api::QuotaCharge before = pod_charge("2"), less = pod_charge("1500m"), more = pod_charge("2500m");
    CHECK_FALSE(book.refuse(less, &before));
    CHECK(book.refuse(more, &before)->text ==
          "exceeded quota: q, requested: requests.cpu=500m, used: requests.cpu=2, limited: requests.cpu=1");
}

TEST_CASE("QuotaBook: an edited quota counts afresh only when it counts otherwise") {
    QuotaBook book;
    book.put_quota(quota_of("q", {{"pods", "2"}}));
    book.begin();
    book.put("pods", "a", 1, pod_charge("1"));
    const auto hold = book.hold(pod_charge("1"), nullptr);
    CHECK_FALSE(book.put_quota(quota_of("q", {{"pods", "1"}})));
    CHECK(used(book, "q") == "pods=1");
    CHECK(book.refuse(pod_charge("1"), nullptr)->text == "exceeded quota: q, requested: pods=1, used: pods=2, limited: pods=1");
    CHECK(book.put_quota(quota_of("other", {{"requests.cpu", "1"}})));
    book.begin();
    book.put("pods", "a", 1, pod_charge("1"));
    CHECK(book.refuse(pod_charge("1"), nullptr)->quota == "other");
    book.release(hold);
    book.drop_quota("q");
    CHECK(used(book, "other") == "requests.cpu=1");
    book.drop_quota("other");
    CHECK(book.empty());
}

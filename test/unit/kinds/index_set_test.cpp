#include "orilla/kinds/index_set.hpp"

#include <catch2/catch.hpp>

using orilla::api::IndexSet;

TEST_CASE("IndexSet: runs of three and more are ranges") {
    IndexSet set;
    for (const int index : {7, 1, 4, 3, 5, 8, 3}) set.add(index);
    CHECK(set.render() == "1,3-5,7,8");
    CHECK(set.count() == 6);
    CHECK(set.contains(4));
    CHECK_FALSE(set.contains(6));
    set.add(6);
    set.add(2);
    CHECK(set.render() == "1-8");
    CHECK(set.ranges().size() == 1);
    CHECK(IndexSet().render().empty());
}

TEST_CASE("IndexSet: what it prints it reads") {
    for (const char* text : {"", "0", "0,1", "0-2", "1,3-5,7,8", "5,90-99999"})
        CHECK(IndexSet::parse(text, 100'000)->render() == text);
}

TEST_CASE("IndexSet: what is no list of indexes") {
    for (const char* text : {",", "1,", "a", "1-", "-1", "2-1", "2-2", "1,1", "3,2", "0-2,2", "10", "5-10", "1,,2", " 1"})
        CHECK_FALSE(IndexSet::parse(text, 10).has_value());
}

TEST_CASE("IndexSet: a status that is damaged, or of more indexes, is read as far as it goes") {
    CHECK(IndexSet::read("0-5,8,x,9", 10).render() == "0-5,8,9");
    CHECK(IndexSet::read("0-5,8,9", 4).render() == "0-3");
    CHECK(IndexSet::read("3,1,4", 10).render() == "3,4");
}

TEST_CASE("IndexSet: what two have in common") {
    const auto count = [](const char* a, const char* b) {
        return IndexSet::parse(a, 100)->count_common(*IndexSet::parse(b, 100));
    };
    CHECK(count("0-9", "3,5-20") == 6);
    CHECK(count("1,3,5", "0,2,4") == 0);
    CHECK(count("", "1") == 0);
    CHECK(count("1-3", "1-3") == 3);
}

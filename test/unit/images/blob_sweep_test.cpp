#include "blob_sweep.hpp"

#include <catch2/catch.hpp>

#include "limits.hpp"

using namespace orilla::images;

namespace {
constexpr int64_t now_s = 2'000'000'000;
using Names = std::vector<std::string>;

BlobFile download(const char* name, int64_t bytes, int64_t age_s) { return {name, bytes, now_s - age_s, false}; }
BlobFile imported(const char* name) { return {name, 10, now_s, true}; }
}  // namespace

TEST_CASE("plan_blob_sweep: what an import left goes when no import runs") {
    const std::vector<BlobFile> files = {imported("new.7.0"), imported("aa")};
    CHECK(plan_blob_sweep(files, {}, now_s, 1000) == Names{"new.7.0", "aa"});
    CHECK(plan_blob_sweep(files, {.importing = true}, now_s, 1000).empty());
    CHECK(plan_blob_sweep(files, {.pinned = {"sha256:aa"}}, now_s, 1000) == Names{"new.7.0"});
}

TEST_CASE("plan_blob_sweep: what a pull left is kept for its time") {
    const std::vector<BlobFile> files = {download("aa.partial", 10, partial_kept_s_max),
                                         download("bb", 10, partial_kept_s_max + 1), download("cc.partial", 10, -50)};
    CHECK(plan_blob_sweep(files, {}, now_s, 1000) == Names{"bb"});
    // The clock of a box that boots in 1970 says nothing about age.
    CHECK(plan_blob_sweep(files, {}, 100, 1000).empty());
}

TEST_CASE("plan_blob_sweep: the newest downloads are kept, up to the bound") {
    const std::vector<BlobFile> files = {download("old.partial", 30, 300), download("new.partial", 30, 1),
                                         download("mid.partial", 60, 100)};
    CHECK(plan_blob_sweep(files, {}, now_s, 120).empty());
    CHECK(plan_blob_sweep(files, {}, now_s, 119) == Names{"old.partial"});
    CHECK(plan_blob_sweep(files, {}, now_s, 60) == Names{"mid.partial"});
    CHECK(plan_blob_sweep(files, {}, now_s, 0).size() == 3);
}

TEST_CASE("plan_blob_sweep: what a running pull has is neither dropped nor counted") {
    const std::vector<BlobFile> files = {download("aa.partial", 500, partial_kept_s_max * 2), download("bb", 50, 1)};
    CHECK(plan_blob_sweep(files, {.pinned = {"sha256:aa"}}, now_s, 60).empty());
}

#include "request/authenticate.hpp"

#include <catch2/catch.hpp>

#include "request/authorise.hpp"
#include "request/request_info.hpp"

using namespace orilla;
using namespace orilla::apiserver;
using http::Peer;

namespace {
constexpr int admins = 42;

Peer holder(std::string name, std::vector<std::string> organisations) {
    Peer peer{Peer::Kind::certificate};
    peer.common_name = std::move(name);
    peer.organisations = std::move(organisations);
    return peer;
}

/// What a peer's request comes to: the user who is let in, or the refusal.
std::string outcome(const Peer& peer, int admin_group = admins) {
    const auto caller = identify(peer, admin_group);
    http::Request request;
    request.caller = caller.get();
    const auto who = authenticate(request);
    const auto authorised = who ? authorise(**who, RequestInfo()) : Result<void>(who.error());
    CHECK(caller->admitted == authorised.has_value());
    return authorised ? (*who)->user : std::to_string(http_status(authorised.error().code())) + " " + caller->name;
}
}  // namespace

TEST_CASE("authenticate: root and the members of the group are let in") {
    CHECK(outcome({Peer::Kind::local, 0, {0}}) == "root");
    CHECK(outcome({Peer::Kind::local, 0, {0}}, -1) == "root");
    CHECK(outcome({Peer::Kind::local, 1000, {1000, admins}}) == "uid:1000");
    CHECK(outcome({Peer::Kind::local, 1000, {1000}}) == "403 uid:1000");
    CHECK(outcome({Peer::Kind::local, 1000, {1000, static_cast<uint32_t>(-1)}}, -1) == "403 uid:1000");
}

TEST_CASE("authenticate: a certificate tells the user and the groups") {
    CHECK(outcome(holder("jane", {"ops", "system:masters"})) == "jane");
    CHECK(outcome(holder("jane", {"ops"})) == "403 jane");
    CHECK(outcome(holder("", {"system:masters"})).empty());
    CHECK(outcome(holder("", {"ops"})) == "401 ");
    CHECK(outcome({Peer::Kind::nobody}) == "401 ");
    CHECK(identify(holder("jane", {"ops"}), admins)->identity->groups == std::vector<std::string>{"ops"});
}

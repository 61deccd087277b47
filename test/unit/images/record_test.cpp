#include "record.hpp"

#include <boost/json/serialize.hpp>
#include <catch2/catch.hpp>

#include "offer.hpp"

using namespace orilla;
using namespace orilla::images;

namespace {
std::string digest_of(char c) { return "sha256:" + std::string(64, c); }

Image sample() {
    Image image;
    image.id = digest_of('1');
    image.names = {"docker.io/library/nginx:1"};
    image.repo_digests = {"docker.io/library/nginx@" + digest_of('2')};
    image.architecture = "amd64";
    image.size_bytes = 42;
    image.config.cmd = {"nginx", "-g", "daemon off;"};
    image.config.env = {"A=b"};
    image.layers = {{digest_of('3'), std::string(64, '3'), 40, false}, {digest_of('4'), std::string(64, '5') + "-c", 2, true}};
    return image;
}
}  // namespace

TEST_CASE("index file: what was written is read back") {
    ImagesById images = {{sample().id, sample()}};
    const auto read = parse_index_file(render_index(images));
    REQUIRE(read);
    CHECK(render_index(*read) == render_index(images));
    CHECK(read->at(sample().id).layers[1].hides_lower);
}

TEST_CASE("index file: a newer one is refused by name, a broken one as broken") {
    CHECK(parse_index_file(R"({"version":2,"images":[]})").error().code() == Code::unsupported);
    CHECK(parse_index_file("{}").error().code() == Code::corrupt);
    CHECK(parse_index_file("").error().code() == Code::corrupt);
}

TEST_CASE("decode_offer: a worker that was taken over cannot name paths") {
    Offer offer;
    offer.image = sample();
    offer.layers = {{digest_of('3'), digest_of('6'), 10}};
    CHECK(decode_offer(encode_offer(offer)));
    offer.layers[0].blob = "sha256:../../../etc/passwd";
    CHECK_FALSE(decode_offer(encode_offer(offer)));
    offer.layers[0].blob = digest_of('6');
    offer.image.id = "sha256:x";
    CHECK_FALSE(decode_offer(encode_offer(offer)));
    offer.image = sample();
    offer.image.names = {"nginx"};  // not normalised
    CHECK_FALSE(decode_offer(encode_offer(offer)));
    offer.image = sample();
    offer.image.layers[0].directory = "../../x";
    CHECK_FALSE(decode_offer(encode_offer(offer)));
}

TEST_CASE("decode_offer: what would be kept of an image is bounded") {
    Offer offer;
    offer.image = sample();
    offer.layers = {{digest_of('3'), digest_of('6'), 10}};
    offer.image.config.env = {"A=" + std::string(200'000, 'x')};
    CHECK(decode_offer(encode_offer(offer)));
    offer.image.config.env.push_back("B=" + std::string(100'000, 'x'));
    auto refused = decode_offer(encode_offer(offer));
    REQUIRE_FALSE(refused);
    CHECK(refused.error().code() == Code::too_large);
    offer.image = sample();
    offer.image.created = std::string(300'000, '0');
    CHECK_FALSE(decode_offer(encode_offer(offer)));
}

TEST_CASE("chain_ids: the first is the layer's own, each further one depends on all below") {
    const std::vector<OfferedLayer> layers = {{digest_of('1'), "", 0}, {digest_of('2'), "", 0}};
    const auto chains = chain_ids(layers);
    CHECK(chains[0] == digest_of('1'));
    CHECK(chains[1] != chain_ids({layers[1]})[0]);
    CHECK(chains[1] == chain_ids(layers)[1]);
}

TEST_CASE("encode_error: code, errno and sentence survive the way") {
    const Error full = decode_error(encode_error(Error::from_errno("layer x: write", 28)));
    CHECK(full.message() == "layer x: write: No space left on device");
    CHECK(full.error_number() == 28);
    const Error busy = decode_error(encode_error(Error(Code::too_many_requests, "slow").with_retry_after(7)));
    CHECK(busy.code() == Code::too_many_requests);
    CHECK(busy.retry_after_s() == 7);
    json::object odd;
    odd["code"] = 12345;
    CHECK(decode_error(odd).code() == Code::internal);
}

TEST_CASE("make_offer: the manifest and the configuration must agree") {
    OfferSource source;
    source.config_digest = digest_of('1');
    source.config_bytes = R"({"architecture":"amd64","os":"linux","rootfs":{"diff_ids":[")" + digest_of('d') + "\"]}}";
    source.layers = {{"", digest_of('b'), 5}};
    const Platform amd64{"linux", "amd64", ""};
    const auto offer = make_offer(source, amd64);
    REQUIRE(offer);
    CHECK(offer->layers[0].diff_id == digest_of('d'));
    CHECK(make_offer(source, {"linux", "arm64", "v8"}).error().message() ==
          "the image is for linux/amd64, this machine is linux/arm64/v8");
    source.layers.clear();
    CHECK(make_offer(source, amd64).error().message() == "image configuration names 1 layers, the manifest 0");
}

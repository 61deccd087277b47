#include "verbs/top.hpp"

#include "cli_support.hpp"

using namespace orilla::cli;

namespace {
const auto pod_metrics = boost::json::parse(R"([
  {"metadata":{"name":"web","namespace":"shop"},"containers":[
    {"name":"helper","usage":{"cpu":"1n","memory":"1Mi"}},{"name":"main","usage":{"cpu":"250100u","memory":"20Mi"}}]},
  {"metadata":{"name":"worker","namespace":"shop"},"containers":[{"name":"main","usage":{"cpu":"1","memory":"4095Ki"}}]}])")
                             .as_array();
const auto node_metrics =
    boost::json::parse(R"([{"metadata":{"name":"box"},"usage":{"cpu":"1500m","memory":"512Mi"}}])").as_array();
const auto nodes = boost::json::parse(R"([
  {"metadata":{"name":"away"},"status":{"allocatable":{"cpu":"4","memory":"1Gi"}}},
  {"metadata":{"name":"box"},"status":{"allocatable":{"cpu":"4","memory":"1Gi"},"capacity":{"cpu":"8","memory":"2Gi"}}}])")
                       .as_array();
}  // namespace

TEST_CASE("top pod: cores are rounded up, mebibytes down") {
    CHECK(render_top_pods({}, pod_metrics) ==
          "NAME     CPU(cores)   MEMORY(bytes)\n"
          "web      252m         21Mi\n"
          "worker   1000m        3Mi\n");
}

TEST_CASE("top pod: sorted, summed up, with namespaces, without a header") {
    Options options;
    options.sort_by = "cpu";
    options.sum = options.all_namespaces = options.no_headers = true;
    CHECK(render_top_pods(options, pod_metrics) ==
          "shop   worker   1000m      3Mi\n"
          "shop   web      252m       21Mi\n"
          "                ________   ________\n"
          "                1252m      24Mi\n");
}

TEST_CASE("top pod: the containers of a pod stay together") {
    Options options;
    options.sort_by = "memory";
    options.show_containers = true;
    CHECK(render_top_pods(options, pod_metrics) ==
          "POD      NAME     CPU(cores)   MEMORY(bytes)\n"
          "web      main     251m         20Mi\n"
          "web      helper   1m           1Mi\n"
          "worker   main     1000m        3Mi\n");
}

TEST_CASE("top node: percents of what pods may use, or of all") {
    Options options;
    CHECK(render_top_nodes(options, node_metrics, nodes) ==
          "NAME   CPU(cores)   CPU(%)      MEMORY(bytes)   MEMORY(%)\n"
          "box    1500m        37%         512Mi           50%\n"
          "away   <unknown>    <unknown>   <unknown>       <unknown>\n");
    options.show_capacity = options.no_headers = true;
    CHECK(render_top_nodes(options, node_metrics, nodes).starts_with("box    1500m       18%         512Mi       25%"));
}

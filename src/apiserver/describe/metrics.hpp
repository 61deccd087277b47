// /metrics in Prometheus' text format.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "orilla/http/server.hpp"
#include "orilla/loop/turn_meter.hpp"
#include "orilla/store/reader.hpp"

namespace orilla::apiserver {

void append_process_metrics(std::string& out, int64_t started_wall_s);
void append_loop_metrics(std::string& out, const loop::TurnStats& stats);
void append_store_metrics(std::string& out, const store::Reader& store);
void append_http_metrics(std::string& out, const http::Counters& counters, size_t connections);

}  // namespace orilla::apiserver

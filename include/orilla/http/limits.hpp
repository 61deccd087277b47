// What clients may take of a server, all in one place.
#pragma once

#include <cstddef>
#include <cstdint>

namespace orilla::http {

struct ParserLimits {
    size_t url_bytes_max = 16 * 1024;
    size_t header_bytes_max = 64 * 1024;  ///< names and values of one request, without the URL
    size_t header_count_max = 128;
    size_t body_bytes_max = 3 * 1024 * 1024;        ///< as the reference server's
    size_t chunk_overhead_bytes_max = 1024 * 1024;  ///< chunk sizes, extensions, trailers
    size_t kept_capacity_bytes_max = 32 * 1024;     ///< an idle connection keeps no more than this of a large request
};

/// Of one HTTP/2 connection, in either role.
struct H2Limits {
    uint32_t streams_max = 100;           ///< at once
    size_t header_bytes_max = 64 * 1024;  ///< of one block, as RFC 9113 counts: 32 bytes more a field
    size_t header_count_max = 128;
    size_t continuations_max = 8;                    ///< frames that one block may go on in
    size_t compression_bytes_max = 4 * 1024;         ///< of the table of fields that were sent
    uint32_t stream_window_bytes = 256 * 1024;       ///< of a body, that nobody has taken yet
    uint32_t connection_window_bytes = 1024 * 1024;  ///< of all bodies together
    uint64_t resets_burst_max = 200;
    uint64_t resets_per_s_max = 20;
    uint64_t idle_frames_burst_max = 2'000;  ///< that move no request forward; each piece of one earns some more
    uint64_t idle_frames_per_s_max = 50;
    size_t acks_waiting_max = 64;     ///< of settings and pings, that the other side does not take
    size_t frames_waiting_max = 256;  ///< the same of all frames but bodies: then it is not read from
};

struct ConnectionLimits {
    ParserLimits parser;
    H2Limits h2;
    int64_t handshake_ms_max = 10'000;
    int64_t idle_ms_max = 180'000;        ///< between requests
    int64_t stranger_ms_max = 10'000;     ///< the same for who will be refused anyway
    int64_t head_ms_max = 10'000;         ///< from the first byte of a request to the end of its head
    int64_t body_ms_max = 60'000;         ///< from there to the end of its body; of one that streams, without a byte of it
    int64_t write_stall_ms_max = 60'000;  ///< without one byte taken by the client
    int64_t linger_ms_max = 2'000;        ///< after a refusal, for what the client still sends
    size_t linger_bytes_max = 8 * 1024 * 1024;
    size_t pipelined_bytes_max = 64 * 1024;
    /// A client that ends its side while its request is handled has gone: nobody goes on working for it. Otherwise it may
    /// have ended only its own side.
    bool ends_with_client = false;
};

struct ServerLimits {
    ConnectionLimits connection;
    size_t connections_max = 384;               ///< of one listener
    size_t client_connections_max = 288;        ///< of them for one client
    size_t client_watches_max = 224;            ///< of those: some are left for what has an end
    size_t client_requests_max = 288;           ///< of HTTP/2, at once, over all its connections
    size_t address_strangers_max = 64;          ///< connections from one address that have not shown who they are
    size_t refused_connections_max = 64;        ///< beyond the others, as long as it takes to say no
    size_t unsent_bytes_max = 8 * 1024 * 1024;  ///< of answers that clients do not take
    int64_t evictable_idle_ms_min = 1'000;      ///< not one that was just opened to be used
    int send_buffer_bytes = 32 * 1024;          ///< in the kernel, which doubles it: what a client that does not read may hold
    int64_t accept_pause_ms = 200;              ///< when the process has no fd left
    int accepts_per_turn_max = 32;
    size_t trim_after_closes = 32;  ///< so many closed connections are a burst
    int64_t trim_delay_ms = 1'000;
};

}  // namespace orilla::http

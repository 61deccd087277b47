// The first steps of a connection to a server, which all clients share.
#pragma once

#include <memory>
#include <string>

#include "orilla/base/result.hpp"
#include "orilla/base/unique_fd.hpp"
#include "orilla/http/duplex.hpp"
#include "orilla/loop/loop.hpp"
#include "transport.hpp"

namespace orilla::http {

/// `host` is an IPv4 address. `resets`: it closes by a reset, and leaves no TIME_WAIT behind.
loop::Task<Result<UniqueFd>> dial_tcp(loop::Loop& loop, std::string host, int port, bool resets);
/// `tls` null: plain, and there is nothing to shake. `offers_http_2`: beside HTTP/1.1.
loop::Task<Result<std::unique_ptr<Transport>>> shake_hands(loop::Loop& loop, UniqueFd fd, TlsContext* tls,
                                                           bool offers_http_2 = false);
/// `own` lives as long as the connection; null when it belongs to somebody else, or is not needed.
std::unique_ptr<Duplex> make_duplex(std::unique_ptr<TlsContext> own, std::unique_ptr<Transport> transport);
/// After a call that did not go through: true to wait for input, false for output, or the error.
Result<bool> wants_to_read(const Transport& transport, const IoResult& result, const std::string& what);

}  // namespace orilla::http

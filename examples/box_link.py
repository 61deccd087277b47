#!/usr/bin/env python3
"""box_link.py [--uplink] [--port N] [--to PORT] INIT READY_FILE

Joins a box (test/support/box) to the shell that started it, as an ordinary program of this machine: no interface, address or
rule of its own network changes.

  - 127.0.0.1:N here (or one of the next ports, where N is taken) leads to 127.0.0.1:PORT inside the box.
  - With --uplink slirp4netns gives the box a way out: what it sends leaves as connections of this process. The box reaches
    neither this machine's own loopback nor, by itself, anything that listens on it.

INIT is the pid of the box's first process; the link ends with it, or by SIGTERM. READY_FILE gets the port when all is there.
"""
import argparse
import asyncio
import ctypes
import os
import signal
import socket
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

CONNECTIONS_MAX = 64
PORTS_TRIED_MAX = 10
PIECE_BYTES_MAX = 64 * 1024
CONNECT_S_MAX = 5
IDLE_S_MAX = 60
UPLINK_S_MAX = 10
CLONE_NEWNET = 0x40000000
PR_SET_PDEATHSIG = 1
LIBC = ctypes.CDLL(None, use_errno=True)


def enter_network(init):
    """Moves the calling thread; the sockets that it makes afterwards belong to the box."""
    with open(f"/proc/{init}/ns/net", "rb") as namespace:
        if LIBC.setns(namespace.fileno(), CLONE_NEWNET) != 0:
            raise OSError(ctypes.get_errno(), f"enter the network of process {init}")


def make_socket():
    made = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    made.setblocking(False)
    return made


def start_uplink(init):
    """slirp4netns, which dies with this process; returns once the box has its route."""
    ready_out, ready_in = os.pipe()
    uplink = subprocess.Popen(
        ["slirp4netns", "--configure", "--mtu=1500", "--disable-host-loopback", f"--ready-fd={ready_in}", "--netns-type=path",
         f"/proc/{init}/ns/net", "uplink"],
        pass_fds=[ready_in], stdin=subprocess.DEVNULL, preexec_fn=lambda: LIBC.prctl(PR_SET_PDEATHSIG, signal.SIGKILL))
    os.close(ready_in)
    signal.alarm(UPLINK_S_MAX)
    told = os.read(ready_out, 1)
    signal.alarm(0)
    os.close(ready_out)
    if not told:
        sys.exit("box_link: slirp4netns could not give the box a way out")
    return uplink


def listen(first_port):
    for port in range(first_port, first_port + PORTS_TRIED_MAX):
        try:
            return socket.create_server(("127.0.0.1", port), backlog=CONNECTIONS_MAX)
        except OSError:
            continue
    return sys.exit(f"box_link: none of the ports {first_port} to {first_port + PORTS_TRIED_MAX - 1} is free")


async def pump(reader, writer):
    while piece := await asyncio.wait_for(reader.read(PIECE_BYTES_MAX), IDLE_S_MAX):
        writer.write(piece)
        await asyncio.wait_for(writer.drain(), IDLE_S_MAX)
    if writer.can_write_eof():
        writer.write_eof()


class Link:
    def __init__(self, threads, to_port):
        self.threads, self.to_port, self.open = threads, to_port, 0

    async def serve(self, reader, writer):
        if self.open < CONNECTIONS_MAX:
            self.open += 1
            try:
                await self.join(reader, writer)
            except (OSError, asyncio.TimeoutError):
                pass  # one side is gone: so is the connection
            finally:
                self.open -= 1
        writer.close()

    async def join(self, reader, writer):
        loop = asyncio.get_running_loop()
        inner = await loop.run_in_executor(self.threads, make_socket)
        try:
            await asyncio.wait_for(loop.sock_connect(inner, ("127.0.0.1", self.to_port)), CONNECT_S_MAX)
            inner_reader, inner_writer = await asyncio.open_connection(sock=inner)
        except BaseException:
            inner.close()
            raise
        try:
            await asyncio.gather(pump(reader, inner_writer), pump(inner_reader, writer))
        finally:
            inner_writer.close()


async def run(options, server):
    loop, ended = asyncio.get_running_loop(), asyncio.Event()
    with ThreadPoolExecutor(1, initializer=enter_network, initargs=[options.init]) as threads:
        init = os.pidfd_open(options.init)
        loop.add_reader(init, ended.set)
        loop.add_signal_handler(signal.SIGTERM, ended.set)
        await loop.run_in_executor(threads, int)
        link = Link(threads, options.to)
        served = await asyncio.start_server(link.serve, sock=server, limit=PIECE_BYTES_MAX)
        with open(options.ready_file + ".new", "w", encoding="utf-8") as file:
            print(server.getsockname()[1], file=file)
        os.rename(options.ready_file + ".new", options.ready_file)
        await ended.wait()
        loop.remove_reader(init)
        served.close()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument("--uplink", action="store_true")
    parser.add_argument("--port", type=int, default=30080)
    parser.add_argument("--to", type=int, default=30080)
    parser.add_argument("init", type=int)
    parser.add_argument("ready_file")
    options = parser.parse_args()
    server = listen(options.port)
    uplink = start_uplink(options.init) if options.uplink else None
    try:
        asyncio.run(run(options, server))
    finally:
        if uplink:
            uplink.kill()
            uplink.wait()


if __name__ == "__main__":
    main()

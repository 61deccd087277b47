"""prober.py ADDRESS PORT HOST SECONDS: a new connection every 5 ms, one request over each; then what became of them."""
import asyncio
import collections
import sys
import time

ANSWER_S_MAX = 10
address, port, host, seconds = sys.argv[1], int(sys.argv[2]), sys.argv[3], float(sys.argv[4])
outcomes = collections.Counter()
slowest = 0.0


async def ask():
    global slowest
    began = time.monotonic()
    try:
        reader, writer = await asyncio.open_connection(address, port)
        writer.write(f"GET / HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode())
        answer = await asyncio.wait_for(reader.read(-1), ANSWER_S_MAX)
        outcomes[answer[9:12].decode() or "ended without an answer"] += 1
        writer.close()
    except ConnectionRefusedError:
        outcomes["refused"] += 1
    except (OSError, asyncio.TimeoutError) as error:
        outcomes[repr(error)] += 1
    slowest = max(slowest, time.monotonic() - began)


async def main():
    end = time.monotonic() + seconds
    asked = []
    while time.monotonic() < end:
        asked.append(asyncio.create_task(ask()))
        await asyncio.sleep(0.005)
    await asyncio.gather(*asked)
    for outcome, count in outcomes.items():
        print(outcome, count)
    print("slowest_ms", round(slowest * 1000))
    print("failed", sum(count for outcome, count in outcomes.items() if outcome != "200"))


asyncio.run(main())

"""An MCP session that outlives its server's sleep: opened once, used again each time the server has fallen asleep.

    mcp_session.py --svcctl "svcctl --control SOCKET" --service NAME --tool TOOL [--sse] [--token T] [--rounds N] URL

Prints what each call took; fails where a call does, or where the server doesn't fall asleep beside the open session.
"""

import argparse
import asyncio
import json
import shlex
import subprocess
import time

from mcp import ClientSession
from mcp.client.sse import sse_client
from mcp.client.streamable_http import streamablehttp_client


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser()
    parser.add_argument("--svcctl", type=shlex.split, required=True)
    parser.add_argument("--service", required=True)
    parser.add_argument("--tool", required=True)
    parser.add_argument("--sse", action="store_true")
    parser.add_argument("--token")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("url")
    return parser.parse_args()


async def state(options: argparse.Namespace) -> dict:
    command = [*options.svcctl, "-o", "json", "status", options.service]
    output = await asyncio.to_thread(subprocess.check_output, command, timeout=20)
    return json.loads(output)


async def asleep(options: argparse.Namespace) -> None:
    async with asyncio.timeout(40):
        while (await state(options))["state"] != "asleep":
            await asyncio.sleep(0.2)
    # It stays so: the open stream neither holds it awake nor wakes it.
    for _ in range(10):
        await asyncio.sleep(0.2)
        now = await state(options)
        assert now["state"] == "asleep", now


async def call(session: ClientSession, options: argparse.Namespace) -> float:
    began = time.monotonic()
    async with asyncio.timeout(20):
        answer = await session.call_tool(options.tool, {"timezone": "Etc/UTC"})
    assert not answer.isError and "Etc/UTC" in answer.content[0].text, answer
    return (time.monotonic() - began) * 1000


async def main() -> None:
    options = arguments()
    headers = {"Authorization": f"Bearer {options.token}"} if options.token else {}
    client = sse_client if options.sse else streamablehttp_client
    async with client(options.url, headers=headers) as streams, ClientSession(streams[0], streams[1]) as session:
        await session.initialize()
        await call(session, options)
        awake = await call(session, options)
        for _ in range(options.rounds):
            await asleep(options)
            took = await call(session, options)
            print(f"{'SSE' if options.sse else 'HTTP'}: {took:.1f} ms asleep, {awake:.1f} ms awake", flush=True)
            assert (await state(options))["state"] == "awake"


asyncio.run(main())

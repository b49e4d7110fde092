"""Tells Context Forge of its MCP servers: each argument is a service of the stack, on port 8080.

Context Forge asks a new server what it can do, and has no hook for that: svcd is asked to wake it here. A svcd that
can't be reached, or doesn't know the server, stands in nobody's way. Exits with 1 if a server can't be registered.
"""

import asyncio
import os
import sys

import httpx
from mcpgateway.utils.create_jwt_token import create_jwt_token


async def wake(name: str) -> None:
    hook = httpx.AsyncHTTPTransport(uds="/run/svcd-hook/hook.sock")
    try:
        async with httpx.AsyncClient(base_url="http://svcd", transport=hook, timeout=15) as svcd:
            await svcd.get(f"/hook/{name}")
    except httpx.TransportError as error:
        print(f"svcd can't be reached: {error!r}", flush=True)


async def register(name: str, headers: dict[str, str]) -> bool:
    server = {"name": name, "url": f"http://{name}:8080/mcp", "transport": "STREAMABLEHTTP"}
    async with httpx.AsyncClient(base_url="http://gateway:4444", headers=headers, timeout=60) as gateway:
        answer = await gateway.post("/gateways", json=server)
    # 409: it knows already.
    is_known = answer.is_success or answer.status_code == 409
    print(f"{name} is registered" if is_known else f"{name}: {answer.status_code} {answer.text}", flush=True)
    return is_known


async def main() -> int:
    token = await create_jwt_token({"sub": os.environ["PLATFORM_ADMIN_EMAIL"]}, expires_in_minutes=5)
    headers = {"Authorization": f"Bearer {token}"}
    failed = 0
    for name in sys.argv[1:]:
        await wake(name)
        failed += not await register(name, headers)
    return min(failed, 1)


sys.exit(asyncio.run(main()))

"""Tells Context Forge of its MCP servers: each argument is a service of the stack, on port 8080.

Context Forge asks a new server what it can do, and has no hook for that: svcd is asked to wake it here.
"""

import asyncio
import os
import sys

import httpx
from mcpgateway.utils.create_jwt_token import create_jwt_token


async def main() -> None:
    token = await create_jwt_token({"sub": os.environ["PLATFORM_ADMIN_EMAIL"]}, expires_in_minutes=5)
    headers = {"Authorization": f"Bearer {token}"}
    hook = httpx.AsyncHTTPTransport(uds="/run/svcd-hook/hook.sock")
    async with (
        httpx.AsyncClient(base_url="http://gateway:4444", headers=headers, timeout=60) as gateway,
        httpx.AsyncClient(base_url="http://svcd", transport=hook, timeout=15) as svcd,
    ):
        for name in sys.argv[1:]:
            (await svcd.get(f"/hook/{name}")).raise_for_status()
            server = {"name": name, "url": f"http://{name}:8080/mcp", "transport": "STREAMABLEHTTP"}
            answer = await gateway.post("/gateways", json=server)
            # 409: it knows already.
            if answer.status_code != 409:
                answer.raise_for_status()
            print(f"{name} is registered", flush=True)


asyncio.run(main())

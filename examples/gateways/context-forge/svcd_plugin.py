"""A Context Forge plugin that wakes an MCP server for each call, and keeps it awake until the call is over."""

import asyncio
import logging
from urllib.parse import quote, urlsplit

import httpx
from cpex.framework import (
    Plugin,
    PluginConfig,
    PluginContext,
    PluginResult,
    PluginViolation,
)
from cpex.framework.constants import GATEWAY_METADATA, TOOL_METADATA
from mcpgateway.config import settings
from mcpgateway.db import Gateway, Prompt, Resource, SessionLocal
from sqlalchemy import or_, select

logger = logging.getLogger("svcd")

LONGEST_LEASE = 3600
REFUSALS = {
    423: "it is paused by somebody else",
    503: "it can't be woken",
    504: "it didn't wake in time",
}


class SvcdPlugin(Plugin):
    """Takes a lease before tools, resources and prompts of a server are used, and gives it back afterwards.

    A server is known to svcd by its host name: http://fetch:8080/mcp is the service `fetch`. A server that svcd
    doesn't know is left alone, and a svcd that can't be reached stands in nobody's way. Settings, under `config`:

    hook      svcd's hook socket
    deadline  seconds that svcd may take to answer, wake included; after that the call goes on without it
    services  names of services where they aren't the host's: {host or name of the server: service}
    """

    def __init__(self, config: PluginConfig) -> None:
        super().__init__(config)
        own = config.config or {}
        self._services = own.get("services") or {}
        self._deadline = float(own.get("deadline", 5))
        # A connection for each request: none that a restart of svcd has broken is ever met.
        transport = httpx.AsyncHTTPTransport(
            uds=own.get("hook", "/run/svcd-hook/hook.sock"),
            limits=httpx.Limits(max_keepalive_connections=0),
        )
        self._svcd = httpx.AsyncClient(transport=transport, base_url="http://svcd", timeout=None)
        self._is_reachable = True

    async def shutdown(self) -> None:
        await self._svcd.aclose()

    async def tool_pre_invoke(self, payload, context: PluginContext) -> PluginResult:
        metadata = context.global_context.metadata
        server = metadata.get(GATEWAY_METADATA) or metadata.get(TOOL_METADATA)
        return await self._begin(server and [(server.name, str(server.url))], context)

    async def resource_pre_fetch(self, payload, context: PluginContext) -> PluginResult:
        return await self._begin(await self._owners(Resource, Resource.uri == payload.uri), context)

    async def prompt_pre_fetch(self, payload, context: PluginContext) -> PluginResult:
        named = or_(Prompt.id == payload.prompt_id, Prompt.name == payload.prompt_id)
        return await self._begin(await self._owners(Prompt, named), context)

    async def tool_post_invoke(self, payload, context: PluginContext) -> PluginResult:
        return await self._end(context)

    async def resource_post_fetch(self, payload, context: PluginContext) -> PluginResult:
        return await self._end(context)

    async def prompt_post_fetch(self, payload, context: PluginContext) -> PluginResult:
        return await self._end(context)

    async def _owners(self, kind, condition) -> list[tuple[str, str]]:
        """Name and URL of the servers that a resource or prompt comes from; the hooks of these don't say."""

        def query():
            with SessionLocal() as database:
                owners = select(Gateway.name, Gateway.url).join(kind, kind.gateway_id == Gateway.id)
                return [tuple(row) for row in database.execute(owners.where(condition))]

        return await asyncio.to_thread(query)

    async def _begin(self, servers: list[tuple[str, str]] | None, context: PluginContext) -> PluginResult:
        # A call that is broken off has no hook for its end: the lease lasts no longer than the call may.
        seconds = min(settings.tool_timeout + 5, LONGEST_LEASE)
        leases = []
        for name, url in servers or []:
            host = urlsplit(url).hostname
            service = self._services.get(name) or self._services.get(host) or host
            answer = await self._ask("POST", f"/v1/services/{quote(service, safe='')}/leases?ttl={seconds}s")
            if answer is None:
                continue
            if answer.status_code == 201:
                lease = answer.json()
                leases.append(lease["id"])
                if lease["wake"]["woke"]:
                    logger.info("%s woken in %.1f ms", service, lease["wake"]["elapsed_ms"])
            elif answer.status_code in REFUSALS:
                await self._release(leases)
                return _refusal(service, answer)
        context.set_state("svcd_leases", leases)
        return PluginResult(continue_processing=True)

    async def _end(self, context: PluginContext) -> PluginResult:
        await self._release(context.get_state("svcd_leases") or [])
        context.set_state("svcd_leases", [])
        return PluginResult(continue_processing=True)

    async def _release(self, leases: list[str]) -> None:
        for lease in leases:
            await self._ask("DELETE", f"/v1/leases/{lease}")

    async def _ask(self, method: str, target: str) -> httpx.Response | None:
        try:
            async with asyncio.timeout(self._deadline):
                answer = await self._svcd.request(method, target)
        except (httpx.HTTPError, TimeoutError) as error:
            if self._is_reachable:
                logger.warning("svcd can't be reached, calls go on without it: %r", error)
            self._is_reachable = False
            return None
        self._is_reachable = True
        return answer


def _refusal(service: str, answer: httpx.Response) -> PluginResult:
    retry_after = answer.headers.get("Retry-After")
    return PluginResult(
        continue_processing=False,
        violation=PluginViolation(
            reason="The server is asleep",
            description=f"{service} can't be used now: {REFUSALS[answer.status_code]}",
            code="SVCD_REFUSED",
            http_status_code=answer.status_code,
            http_headers={"Retry-After": retry_after} if retry_after else None,
        ),
    )

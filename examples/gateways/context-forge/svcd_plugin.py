"""A Context Forge plugin that wakes MCP servers when they are used, and keeps them awake while they are."""

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
from sqlalchemy import select

logger = logging.getLogger("svcd")

LONGEST_LEASE = 3600
REFUSALS = {
    423: "it is paused by somebody else",
    503: "it can't be woken",
    504: "it didn't wake in time",
}


class SvcdPlugin(Plugin):
    """Takes a lease before a tool of a server is called, and gives it back afterwards; wakes it for the rest.

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
        if server is None:
            return PluginResult(continue_processing=True)
        service = self._service(server.name, str(server.url))
        # A call that is broken off has no hook for its end: the lease lasts no longer than the call may.
        seconds = min(settings.tool_timeout + 5, LONGEST_LEASE)
        answer = await self._ask("POST", f"/v1/services/{quote(service, safe='')}/leases?ttl={seconds}s")
        if answer is not None and answer.status_code == 429:
            # No more leases for this gateway; awake is better than nothing.
            answer = await self._wake(service)
        if answer is not None and answer.status_code in REFUSALS:
            return _refusal(service, answer)
        if answer is not None and answer.status_code == 201:
            lease = answer.json()
            context.set_state("svcd_lease", lease["id"])
            if lease["wake"]["woke"]:
                logger.info("%s woken in %.1f ms", service, lease["wake"]["elapsed_ms"])
        return PluginResult(continue_processing=True)

    async def tool_post_invoke(self, payload, context: PluginContext) -> PluginResult:
        if lease := context.get_state("svcd_lease"):
            context.set_state("svcd_lease", None)
            await self._ask("DELETE", f"/v1/leases/{lease}")
        return PluginResult(continue_processing=True)

    # Of these the hooks say neither whose they are nor, where they fail, that they are over: whoever may be meant is
    # woken, and stays awake for its idle time. What can't be woken is for the gateway to find out.

    async def resource_pre_fetch(self, payload, context: PluginContext) -> PluginResult:
        await self._wake_owners(Resource, lambda row: _names(row, payload.uri))
        return PluginResult(continue_processing=True)

    async def prompt_pre_fetch(self, payload, context: PluginContext) -> PluginResult:
        await self._wake_owners(Prompt, lambda row: payload.prompt_id in (row.id, row.name))
        return PluginResult(continue_processing=True)

    async def _wake_owners(self, kind, is_meant) -> None:
        def query():
            with SessionLocal() as database:
                rows = database.execute(
                    select(kind, Gateway.name, Gateway.url)
                    .join(Gateway, kind.gateway_id == Gateway.id)
                    .where(kind.enabled, Gateway.enabled)
                )
                return {(name, url) for row, name, url in rows if is_meant(row)}

        owners = await asyncio.to_thread(query)
        await asyncio.gather(*(self._wake(self._service(name, url)) for name, url in owners))

    def _service(self, name: str, url: str) -> str:
        host = urlsplit(url).hostname or name
        return self._services.get(name) or self._services.get(host) or host

    async def _wake(self, service: str) -> httpx.Response | None:
        return await self._ask("GET", f"/hook/{quote(service, safe='')}")

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


def _names(resource: Resource, uri: str) -> bool:
    """Whether a resource has that URI, or a template that it can come from."""
    template = resource.uri_template
    return resource.uri == uri or bool(template) and uri.startswith(template.partition("{")[0])


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

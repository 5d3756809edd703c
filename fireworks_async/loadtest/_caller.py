"""Makes one call with the public client and tells the probe what came, as it comes."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, Protocol

from fireworks_async._client.client import AsyncFireworks
from fireworks_async.loadtest._probe import Probe
from fireworks_async.loadtest._workload import Endpoint, Item

__all__ = ("Call", "ClientCaller")


class Call(Protocol):
    """Asks one thing."""

    async def __call__(self, item: Item, probe: Probe) -> str:
        """Make the call, and end the probe.

        Returns:
            The answer's text, for the next turn of a conversation.

        Raises:
            FireworksError: The call failed; the probe is not ended.
        """
        ...


class ClientCaller:
    """Calls one endpoint of a server through the client.

    Args:
        client: Without retries: a failure is a result.
        model: What to ask.
        endpoint: Which kind of call.
        now: The clock that the client reads too.
    """

    def __init__(
        self,
        client: AsyncFireworks,
        *,
        model: str,
        endpoint: Endpoint,
        now: Callable[[], float],
    ) -> None:
        self._client = client
        self._model = model
        self._now = now
        self._endpoint: Endpoint = endpoint
        self._ask = {
            "chat": self._chat,
            "completions": self._complete,
            "embeddings": self._embed,
            "rerank": self._rerank,
        }[endpoint]

    async def __call__(self, item: Item, probe: Probe) -> str:
        """Make the call; see ``Call``."""
        return await self._ask(item, probe)

    async def count_tokens(self, text: str, params: Mapping[str, Any]) -> int | None:
        """How many tokens a prompt has, as the server counts them; None if it does not.

        Raises:
            FireworksError: It does not answer.
        """
        completions: Any = self._client.chat.completions
        texts: Any = self._client.completions
        embeddings: Any = self._client.embeddings
        rerank: Any = self._client.rerank
        messages = [{"role": "user", "content": text}]
        answer = await {
            "chat": partial(completions.create, messages=messages, max_tokens=1),
            "completions": partial(texts.create, prompt=text, max_tokens=1),
            "embeddings": partial(embeddings.create, input=text),
            "rerank": partial(rerank.create, query=text, documents=[text]),
        }[self._endpoint](model=self._model, **params)
        return None if answer.usage is None else int(answer.usage.prompt_tokens)

    async def _chat(self, item: Item, probe: Probe) -> str:
        create: Any = self._client.chat.completions.create
        stream = create(model=self._model, messages=item.messages, **_generation(item))
        await self._read(stream, item, probe)
        # Only a conversation needs the text.
        return _content(stream.snapshot) if item.follow_ups else ""

    async def _complete(self, item: Item, probe: Probe) -> str:
        create: Any = self._client.completions.create
        stream = create(model=self._model, prompt=item.text, **_generation(item))
        await self._read(stream, item, probe)
        return ""

    async def _read(self, stream: Any, item: Item, probe: Probe) -> None:
        now, limit = self._now, item.cancel_after
        async with stream:
            async for batch in stream.batches():
                probe.feed(batch, now())
                if limit is not None and probe.tokens_seen >= limit:
                    probe.record.cancelled = True
                    break
            probe.end(
                now(),
                timings=stream.timings,
                usage=stream.usage,
                perf=stream.response.perf,
                finish_reason=stream.finish_reason,
            )

    async def _embed(self, item: Item, probe: Probe) -> str:
        create: Any = self._client.embeddings.create
        answer = await create(model=self._model, input=item.text, **item.params)
        probe.end(self._now(), usage=answer.usage)
        return ""

    async def _rerank(self, item: Item, probe: Probe) -> str:
        answer = await self._client.rerank.create(
            model=self._model,
            query=item.text,
            documents=item.documents,
            **item.params,
        )
        probe.end(self._now(), usage=answer.usage)
        return ""


def _generation(item: Item) -> dict[str, Any]:
    params = dict(item.params)
    if item.output_tokens is not None:
        params.setdefault("max_tokens", item.output_tokens)
    return params


def _content(completion: Any) -> str:
    return completion.choices[0].message.content or "" if completion.choices else ""

"""What the endpoints without streams give, as type checkers see it; never run."""

from pathlib import Path
from typing import assert_type

import numpy as np
import numpy.typing as npt

from fireworks_async import (
    AsyncFireworks,
    ChatCompletion,
    ChatCompletionChunk,
    Cost,
    EmbeddingResponse,
    Model,
    RerankResponse,
    Stream,
    Transcription,
    audio_part,
    image_part,
    video_part,
)
from fireworks_async.types import (
    AudioPart,
    ContentPart,
    ImagePart,
    MessageParam,
    ModelFacts,
    ModelList,
    Prices,
    ServerlessModel,
    ToolRun,
    VideoPart,
)


async def embeddings(client: AsyncFireworks) -> None:
    lists = await client.embeddings.create(model="m", input=["a"], dimensions=8)
    assert_type(lists, EmbeddingResponse[list[float]])
    assert_type(lists.data[0].embedding, list[float])
    assert_type(lists.cost(), Cost)
    arrays = await client.embeddings.create(model="m", input="a", output="numpy")
    assert_type(arrays.data[0].embedding, npt.NDArray[np.float32])
    await client.embeddings.create(
        model="m", input=[{"a": 1}], prompt_template="{{a}}", timeout=5, max_retries=0
    )
    await client.embeddings.create(model="m", input="a", dimension=8)  # type: ignore[call-overload]  # pyright: ignore[reportCallIssue]


async def others(client: AsyncFireworks, completion: ChatCompletion) -> None:
    ranked = await client.rerank.create(model="m", query="q", documents=["a"], top_n=1)
    assert_type(ranked, RerankResponse)
    heard = await client.audio.transcriptions.create(
        file="a.wav", response_format="verbose_json", timestamp_granularities=["word"]
    )
    assert_type(heard, Transcription)
    assert_type(await client.audio.translations.create(file=b""), Transcription)
    text = await client.audio.translations.create(file=b"", response_format="srt")
    assert_type(text, str)
    assert_type(await client.models.list(), ModelList)
    assert_type(await client.models.retrieve("m"), Model)
    assert_type(await client.models.serverless(), tuple[ServerlessModel, ...])
    assert_type(await client.models.refresh(timeout=5), tuple[ModelFacts, ...])
    assert_type(completion.cost(service_tier="priority").usd, float | None)
    assert_type(ranked.cost(), Cost)


def known(client: AsyncFireworks) -> None:
    assert_type(client.models.facts("m"), ModelFacts | None)
    told = client.models.register("m", vision=True, prices={"input": 1, "output": 2})
    assert_type(told, ModelFacts)
    assert_type(told.prices, Prices | None)
    client.models.register("m", visio=True)  # type: ignore[call-arg]  # pyright: ignore[reportCallIssue]


async def media(client: AsyncFireworks) -> None:
    picture = await image_part("a.png", detail="low")
    assert_type(picture, ImagePart)
    assert_type(await video_part(Path("a.mp4"), max_frames=8), VideoPart)
    assert_type(await audio_part(b""), AudioPart)
    await image_part(3)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]
    parts: list[ContentPart] = [picture, {"type": "text", "text": "What is it?"}]
    message: MessageParam = {"role": "user", "content": parts}
    client.chat.completions.create(model="m", messages=[message])


async def tools(client: AsyncFireworks) -> None:
    async def watch(stream: Stream[ChatCompletionChunk, ChatCompletion]) -> None:
        async for chunk in stream:
            assert_type(chunk, ChatCompletionChunk)

    run = await client.chat.completions.run_tools(
        model="m", messages=[], tools=[print], watch=watch
    )
    assert_type(run, ToolRun)

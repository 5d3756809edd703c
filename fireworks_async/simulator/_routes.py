"""Which path does what, and for whom; nothing here touches HTTP."""

from collections.abc import Callable
from typing import Any, NamedTuple

from fireworks_async.simulator._answers import Answer
from fireworks_async.simulator._audio import answer_audio
from fireworks_async.simulator._chat import plan_chat
from fireworks_async.simulator._completions import plan_text
from fireworks_async.simulator._embeddings import plan_embeddings, plan_rerank
from fireworks_async.simulator._faults import Fault, spoil
from fireworks_async.simulator._lists import (
    answer_model,
    answer_models,
    answer_serverless,
)
from fireworks_async.simulator._plans import Plan
from fireworks_async.simulator._rejections import Rejection
from fireworks_async.simulator._replies import ErrorReply, Reply
from fireworks_async.simulator._script import RecordedRequest, Script
from fireworks_async.simulator._settings import Settings

__all__ = ("Call", "Routes", "Visit")

_BASES = ("/inference/v1", "/v1")
_SERVERLESS = "/v1/serverless/models"


class Call(NamedTuple):
    """One request as its answer depends on it.

    Attributes:
        method: The HTTP method.
        path: The path, without its query.
        key: The API key; None when there is none.
        answer_id: The id that the answer gets.
        record: What is remembered of the request.
    """

    method: str
    path: str
    key: str | None
    answer_id: str
    record: RecordedRequest


class Visit(NamedTuple):
    """A request that is good, and asks to be let in.

    Attributes:
        plan: What it will cost.
        faults: What spoils its answer.
    """

    plan: Plan
    faults: tuple[Fault, ...]


class Routes:
    """Finds the answer, or the plan of it, to every request.

    Args:
        settings: How the API behaves.
        script: What tests ordered.
    """

    def __init__(self, settings: Settings, script: Script) -> None:
        self._settings = settings
        self._script = script
        self._makers: dict[str, _Maker] = {
            "/chat/completions": self._chat,
            "/completions": self._text,
            "/embeddings": self._embeddings,
            "/rerank": self._rerank,
            "/audio/transcriptions": self._transcription,
            "/audio/translations": self._translation,
        }

    def outcome(self, call: Call) -> Answer | Visit:
        """Answer a request at once, or give what it takes to let it in."""
        if call.path == _SERVERLESS:
            # For everybody, and beside the inference API.
            return answer_serverless()
        for base in _BASES:
            if call.path.startswith(f"{base}/"):
                path = call.path.removeprefix(base)
                break
        else:
            return Rejection.path_not_found().answer()
        maker = self._makers.get(path)
        is_list = path == "/models" or path.startswith("/models/")
        if maker is None and not is_list:
            return Rejection.path_not_found().answer()
        method = "GET" if maker is None else "POST"
        if call.method != method:
            return Rejection.method_not_allowed(method).answer()
        if maker is None:
            return self._listed(call, path)
        return self._ordered(call, maker)

    def _ordered(self, call: Call, maker: "_Maker") -> Answer | Visit:
        """Answer as ordered; plan what is good and was not ordered."""
        order = self._script.order_for(call.record)
        if not isinstance(order.source, Reply):
            return spoil(order.source.answer(), order.faults)
        if not self._is_welcome(call):
            return Rejection.bad_key().answer()
        if isinstance(call.record.body, bytes):
            return Rejection.invalid("Request body is not valid JSON").answer()
        made = maker(call.record.body, order.source, call.answer_id)
        match made:
            case Plan():
                return Visit(made, order.faults)
            case ErrorReply():
                # A request that is refused on its merits is not spoilt on top.
                return made.answer()
            case _:
                return spoil(made, order.faults) if made.status == 200 else made

    def _listed(self, call: Call, path: str) -> Answer:
        """Answer who has a key with a list, or one of its rows."""
        models = self._settings.models
        if not self._is_welcome(call):
            return Rejection.unauthorized_list().answer()
        if path == "/models":
            return answer_models(models)
        return answer_model(path.removeprefix("/models/"), models)

    def _chat(self, body: Any, reply: Reply, answer_id: str) -> "_Made":
        return plan_chat(body, reply, self._settings, answer_id)

    def _text(self, body: Any, reply: Reply, answer_id: str) -> "_Made":
        return plan_text(body, reply, self._settings, answer_id)

    def _embeddings(self, body: Any, *_: object) -> "_Made":
        settings = self._settings
        return plan_embeddings(body, seed=settings.seed, models=settings.models)

    def _rerank(self, body: Any, *_: object) -> "_Made":
        return plan_rerank(body, models=self._settings.models)

    def _transcription(self, form: Any, *_: object) -> "_Made":
        return answer_audio(form, task="transcribe", seed=self._settings.seed)

    def _translation(self, form: Any, *_: object) -> "_Made":
        return answer_audio(form, task="translate", seed=self._settings.seed)

    def _is_welcome(self, call: Call) -> bool:
        if call.key is None:
            return False
        return self._settings.api_keys is None or call.key in self._settings.api_keys


_Made = Plan | Answer | ErrorReply
_Maker = Callable[[Any, Reply, str], _Made]

from fireworks_async.simulator import ErrorReply, Reply
from fireworks_async.simulator._chat import plan_chat
from fireworks_async.simulator._completions import plan_text
from fireworks_async.simulator._plans import Plan, Terms
from fireworks_async.simulator._settings import Settings
from tests.support.simulated import HELLO, MODEL

SETTINGS = Settings(
    ttft=0.0,
    gap=0.0,
    tokens=4,
    seed=0,
    api_keys=None,
    models=None,
    usage="trailing",
    non_stream_cap=True,
    perf_as_strings=False,
)


def test_a_plan_knows_the_cost_before_the_answer_is_made():
    chat = plan_chat(
        {"model": MODEL, "messages": HELLO, "n": 2}, Reply(), SETTINGS, "x"
    )
    text = plan_text({"model": MODEL, "prompt": ["a", "b"]}, Reply(), SETTINGS, "x")
    assert isinstance(chat, Plan)
    assert isinstance(text, Plan)
    assert [chat.prompt_tokens, text.prompt_tokens] == [9, 2]


def test_an_answer_tells_of_its_terms():
    plan = plan_chat({"model": MODEL, "messages": HELLO}, Reply(), SETTINGS, "x")
    assert plan.make(Terms({"x-left": "3"})).headers["x-left"] == "3"


def test_what_is_refused_is_not_planned():
    refused = plan_text({"model": MODEL}, Reply(), SETTINGS, "x")
    assert isinstance(refused, ErrorReply)
    assert refused.status == 400

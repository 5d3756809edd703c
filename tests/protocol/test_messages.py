import copy
import dataclasses
import logging
import types
from typing import ClassVar

import msgspec
import pytest

from fireworks_async._protocol.completions import ChatMessage, FunctionCall, ToolCall
from fireworks_async._protocol.messages import (
    clean_messages,
    clean_reasoning_effort,
    clean_tool_choice,
    inline_document,
)


def clean(*messages, inline=False):
    return clean_messages(messages, inline_documents=inline)


def parts_of(content, *, role="user", inline=False):
    (message,) = clean({"role": role, "content": content}, inline=inline)
    return message["content"]


class TestKeys:
    def test_plain_messages_pass_unchanged_and_uncopied(self):
        messages = [
            {"role": "system", "content": "s"},
            {"role": "user", "content": "u"},
            {"role": "assistant", "content": ""},
        ]
        cleaned = clean_messages(messages, inline_documents=True)
        assert cleaned == messages
        assert all(new is old for new, old in zip(cleaned, messages, strict=True))

    @pytest.mark.parametrize(
        ("role", "kept"),
        [
            ("system", set()),
            ("user", set()),
            ("assistant", {"reasoning_content", "tool_calls"}),
            ("tool", {"tool_call_id"}),
            ("critic", {"reasoning_content", "tool_calls", "tool_call_id"}),
        ],
    )
    def test_each_role_keeps_its_own_keys(self, role, kept):
        message = {
            "role": role,
            "content": "c",
            "reasoning_content": "r",
            "tool_calls": [],
            "tool_call_id": "t",
        }
        (cleaned,) = clean(message)
        assert cleaned == {key: message[key] for key in {"role", "content"} | kept}

    @pytest.mark.parametrize("extra", [{}, {"tool_call_id": "t"}])
    def test_a_developer_is_the_system(self, extra):
        message = {"role": "developer", "content": "c", **extra}
        before = dict(message)
        assert clean(message) == [{"role": "system", "content": "c"}]
        assert message == before

    @pytest.mark.parametrize(
        "unknown",
        [
            "metadata",
            "refusal",
            "annotations",
            "audio",
            "name",
            "function_call",
            "cache_control",
            "provider_specific_fields",
            "reasoning",
            "reasoning_details",
            "images",
            7,
        ],
    )
    @pytest.mark.parametrize("role", ["user", "assistant", "tool"])
    def test_keys_that_the_api_refuses_are_left_out(self, role, unknown):
        message = {"role": role, "content": "c", unknown: ["x"]}
        assert clean(message) == [{"role": role, "content": "c"}]

    def test_what_is_left_out_is_logged_by_name_and_not_by_value(self, caplog):
        caplog.set_level(logging.DEBUG, logger="fireworks_async")
        clean(
            {"role": "user", "content": "a"},
            {"role": "user", "content": "a", "metadata": "SECRET", "audio": None},
        )
        assert caplog.messages == ["messages[1]: not sent: metadata"]

    def test_nothing_is_logged_for_none(self, caplog):
        caplog.set_level(logging.DEBUG, logger="fireworks_async")
        clean({"role": "user", "content": "a", "refusal": None})
        assert caplog.messages == []

    def test_none_is_left_out_but_for_content(self):
        message = {
            "role": "assistant",
            "content": None,
            "reasoning_content": None,
            "tool_calls": None,
        }
        assert clean(message) == [{"role": "assistant", "content": None}]

    def test_a_message_without_content_stays_without(self):
        message = {"role": "assistant", "reasoning_content": "r"}
        assert clean(message) == [message]

    def test_empty_values_are_values(self):
        message = {"role": "assistant", "content": "", "reasoning_content": ""}
        assert clean(message) == [message]


class TestToolCalls:
    CALL: ClassVar = {
        "id": "call_1",
        "type": "function",
        "function": {"name": "f", "arguments": '{"a": 1}'},
    }

    def test_response_only_keys_of_a_replayed_call_are_left_out(self):
        call = {
            **self.CALL,
            "index": 0,
            "provider_specific_fields": {"x": 1},
            "function": {**self.CALL["function"], "parsed_arguments": {"a": 1}},
        }
        message = {"role": "assistant", "content": None, "tool_calls": [call]}
        before = copy.deepcopy(message)
        assert clean(message) == [
            {"role": "assistant", "tool_calls": [self.CALL], "content": None}
        ]
        assert message == before

    @pytest.mark.parametrize("arguments", ['{"a": 1}', {"a": 1}, ""])
    def test_arguments_go_as_typed(self, arguments):
        call = {"id": "i", "function": {"name": "f", "arguments": arguments}}
        (message,) = clean({"role": "assistant", "tool_calls": (call,)})
        assert message["tool_calls"] == [call]

    def test_a_function_may_be_text(self):
        call = {"function": "f"}
        (message,) = clean({"role": "assistant", "tool_calls": [call]})
        assert message["tool_calls"] == [call]

    def test_a_call_without_function_is_named(self):
        with pytest.raises(ValueError, match=r"messages\[1\]\.tool_calls\[0\] has no"):
            clean(
                {"role": "user", "content": "u"},
                {"role": "assistant", "tool_calls": [{"id": "i"}]},
            )

    @pytest.mark.parametrize("calls", ["f", {"id": "i"}, 3])
    def test_calls_that_are_no_list_are_named(self, calls):
        with pytest.raises(TypeError, match=r"messages\[0\]\.tool_calls: expected a l"):
            clean({"role": "assistant", "tool_calls": calls})

    def test_a_function_of_the_wrong_type_is_named(self):
        with pytest.raises(
            TypeError, match=r"messages\[0\]\.tool_calls\[0\]\.function: .* not int"
        ):
            clean({"role": "assistant", "tool_calls": [{"function": 3}]})


class TestObjects:
    EXPECTED: ClassVar = {
        "role": "assistant",
        "content": "c",
        "reasoning_content": "r",
        "tool_calls": [
            {
                "id": "i",
                "type": "function",
                "function": {"name": "f", "arguments": "{}"},
            }
        ],
    }

    def test_a_received_message_is_appended_as_it_is(self):
        message = ChatMessage(
            content="c",
            reasoning_content="r",
            tool_calls=[ToolCall("i", FunctionCall("f", "{}"))],
            refusal="no",
        )
        assert clean(message) == [self.EXPECTED]

    def test_unset_fields_are_left_out(self):
        class Message(msgspec.Struct):
            role: str
            content: str | msgspec.UnsetType = msgspec.UNSET
            tool_calls: list | msgspec.UnsetType = msgspec.UNSET

        assert clean(Message("assistant")) == [{"role": "assistant"}]

    def test_dataclasses(self):
        @dataclasses.dataclass
        class Message:
            role: str
            content: str

        assert clean(Message("user", "u")) == [{"role": "user", "content": "u"}]

    @pytest.mark.slow
    def test_messages_of_the_openai_client(self):
        chat = pytest.importorskip("openai.types.chat")
        message = chat.ChatCompletionMessage.model_validate(
            {**self.EXPECTED, "annotations": [], "refusal": None}
        )
        assert clean(message) == [self.EXPECTED]

    def test_mappings_that_are_no_dicts(self):
        message = types.MappingProxyType({"role": "user", "content": "u", "name": "n"})
        assert clean(message) == [{"role": "user", "content": "u"}]

    def test_parts_as_objects(self):
        image = types.SimpleNamespace(url="https://h/i.png", detail="low", extra=1)
        part = types.SimpleNamespace(type="image_url", image_url=image)
        text = types.SimpleNamespace(type="text", text="t", annotations=[])
        assert parts_of([part, text]) == [
            {
                "type": "image_url",
                "image_url": {"url": "https://h/i.png", "detail": "low"},
            },
            {"type": "text", "text": "t"},
        ]


class TestRefusals:
    @pytest.mark.parametrize(
        "messages", ["hello", b"hello", {"role": "user", "content": "u"}, None, 3]
    )
    def test_messages_that_are_no_list(self, messages):
        with pytest.raises(
            TypeError, match=r"messages: expected a list.*'role': 'user"
        ):
            clean_messages(messages, inline_documents=False)

    @pytest.mark.parametrize("message", ["hello", 3, None, ["user", "u"]])
    def test_a_message_that_is_none(self, message):
        with pytest.raises(TypeError, match=r"messages\[1\]: expected a mapping"):
            clean({"role": "user", "content": "u"}, message)

    @pytest.mark.parametrize("message", [{"content": "u"}, {"role": None}, {"role": 3}])
    def test_a_message_without_role(self, message):
        with pytest.raises(ValueError, match=r"messages\[0\] has no 'role'"):
            clean(message)

    @pytest.mark.parametrize("content", [3, b"text", {"type": "text", "text": "t"}])
    def test_content_of_the_wrong_type(self, content):
        said = r"messages\[0\]\.content: expected text or a list of parts, not "
        with pytest.raises(TypeError, match=said):
            clean({"role": "user", "content": content})

    def test_a_part_that_is_none(self):
        with pytest.raises(TypeError, match=r"messages\[0\]\.content\[1\]: .* not str"):
            clean({"role": "user", "content": [{"type": "text", "text": "t"}, "u"]})

    def test_a_part_without_type(self):
        with pytest.raises(
            ValueError, match=r"messages\[0\]\.content\[0\] has no 'typ"
        ):
            clean({"role": "user", "content": [{"text": "t"}]})

    def test_an_image_of_the_wrong_type(self):
        with pytest.raises(TypeError, match=r"content\[0\]\.image_url: .* not int"):
            clean({"role": "user", "content": [{"type": "image_url", "image_url": 3}]})


class TestParts:
    def test_known_parts_keep_their_known_keys(self):
        image = {"url": "https://h/i.png", "detail": "high"}
        video = {
            "url": "https://h/v.mp4",
            "detail": "low",
            "max_frames": 8,
            "sample_fps": 0.5,
            "spatial_limit": 512,
        }
        audio = {"url": "https://h/a.ogg", "language": "en"}
        extra = {"cache_control": {"type": "ephemeral"}}
        content = [
            {"type": "text", "text": "t", **extra},
            {"type": "image_url", "image_url": {**image, "media_type": "x"}, **extra},
            {"type": "video_url", "video_url": {**video, "format": "mp4"}, **extra},
            {"type": "audio_url", "audio_url": audio, **extra},
        ]
        before = copy.deepcopy(content)
        assert parts_of(content) == [
            {"type": "text", "text": "t"},
            {"type": "image_url", "image_url": image},
            {"type": "video_url", "video_url": video},
            {"type": "audio_url", "audio_url": audio},
        ]
        assert content == before

    @pytest.mark.parametrize("kind", ["image_url", "video_url", "audio_url"])
    @pytest.mark.parametrize("url", ["https://h/x", None])
    def test_a_url_may_be_text_and_what_is_missing_is_for_the_api_to_say(
        self, kind, url
    ):
        expected = {"type": kind} if url is None else {"type": kind, kind: url}
        assert parts_of([{"type": kind, kind: url}]) == [expected]

    def test_parts_of_unknown_type_go_as_typed(self):
        part = {"type": "input_audio", "input_audio": {"data": "x", "format": "wav"}}
        assert parts_of([part]) == [part]

    @pytest.mark.parametrize(
        "file",
        [
            {"file_data": "data:application/pdf;base64,QQ==", "filename": "a.pdf"},
            {"file_url": "https://h/a.pdf"},
            {"file_id": "HTTP://h/a.pdf"},
        ],
    )
    def test_a_file_with_a_url_becomes_an_image(self, file):
        url = file.get("file_data") or file.get("file_url") or file.get("file_id")
        part = {"type": "file", "file": file}
        before = copy.deepcopy(part)
        assert parts_of([part]) == [{"type": "image_url", "image_url": {"url": url}}]
        assert part == before

    @pytest.mark.parametrize(
        "file", [{"file_id": "file-123"}, {"file_data": "QQ=="}, {"file_data": 3}]
    )
    def test_a_file_without_url_cannot_be_sent(self, file):
        with pytest.raises(
            ValueError, match=r"messages\[0\]\.content\[0\]: the API takes no files"
        ):
            parts_of([{"type": "file", "file": file}])

    def test_a_file_part_without_file_is_named(self):
        with pytest.raises(TypeError, match=r"messages\[0\]\.content\[0\]\.file: "):
            parts_of([{"type": "file"}])


class TestDocumentInlining:
    PDF = "https://h/a.pdf"

    @pytest.mark.parametrize("role", ["user", "assistant", "system", "tool"])
    @pytest.mark.parametrize("inline", [True, False])
    def test_only_users_images_are_marked_and_only_when_asked(self, role, inline):
        content = [
            {"type": "image_url", "image_url": {"url": self.PDF}},
            {"type": "image_url", "image_url": self.PDF},
            {"type": "video_url", "video_url": {"url": self.PDF}},
        ]
        before = copy.deepcopy(content)
        marked = inline and role == "user"
        url = self.PDF + "#transform=inline" if marked else self.PDF
        for _ in range(3):
            assert parts_of(content, role=role, inline=inline) == [
                {"type": "image_url", "image_url": {"url": url}},
                {"type": "image_url", "image_url": url},
                {"type": "video_url", "video_url": {"url": self.PDF}},
            ]
        assert content == before

    def test_a_file_is_marked_too(self):
        part = {"type": "file", "file": {"file_url": self.PDF}}
        assert parts_of([part], inline=True) == [
            {"type": "image_url", "image_url": {"url": f"{self.PDF}#transform=inline"}}
        ]

    def test_a_url_that_is_not_text_is_for_the_api_to_refuse(self):
        part = {"type": "image_url", "image_url": {"url": 3}}
        assert parts_of([part], inline=True) == [part]

    @pytest.mark.parametrize(
        ("url", "expected"),
        [
            ("https://h/a.pdf", "https://h/a.pdf#transform=inline"),
            ("https://h/a?b=c#", "https://h/a?b=c##transform=inline"),
            ("https://h/a?b=c&d=e", "https://h/a?b=c&d=e#transform=inline"),
            ("https://h/a#page=2", "https://h/a#page=2#transform=inline"),
            (
                "https://h/a?transform=inline",
                "https://h/a?transform=inline#transform=inline",
            ),
        ],
    )
    def test_the_mark_comes_last(self, url, expected):
        assert inline_document(url) == expected

    @pytest.mark.parametrize(
        "url",
        [
            "",
            "data:image/png;base64,iVBORw0KGgo=",
            "DATA:image/png;base64,iVBORw0KGgo=",
            " data:image/png;base64,iVBORw0KGgo=",
            "https://h/a.pdf#transform=inline",
            "https://h/a.pdf?b=c#transform=inline",
            "https://h/a.pdf#page=2&transform=inline",
        ],
    )
    def test_data_urls_and_marked_urls_stay(self, url):
        assert inline_document(url) == url


def test_the_limits_on_images_hold_for_all_messages_together():
    image = {"type": "image_url", "image_url": "https://h/a.png"}
    half = {"role": "user", "content": [image] * 16}
    assert len(clean(half)[0]["content"]) == 16
    with pytest.raises(ValueError, match="messages: 32 images; the API takes 30"):
        clean(half, {"role": "assistant", "content": "?"}, half)


class TestToolChoice:
    NESTED: ClassVar = {"type": "function", "function": {"name": "f"}}

    @pytest.mark.parametrize(
        "choice",
        ["f", {"type": "tool", "name": "f"}, {"type": "function", "name": "f"}, NESTED],
    )
    def test_a_named_function_takes_the_nested_form(self, choice):
        before = copy.deepcopy(choice)
        assert clean_tool_choice(choice) == self.NESTED
        assert choice == before

    @pytest.mark.parametrize(
        "choice",
        [
            "auto",
            "none",
            "any",
            "required",
            {"type": "auto"},
            {"type": "tool"},
            {"type": ["tool"], "name": "f"},
            {"type": "function", "name": "f", "function": {"name": "g"}},
            3,
        ],
    )
    def test_everything_else_goes_as_typed(self, choice):
        assert clean_tool_choice(choice) == choice

    def test_an_empty_choice_is_refused(self):
        with pytest.raises(ValueError, match="tool_choice is empty"):
            clean_tool_choice("")


@pytest.mark.parametrize(
    ("effort", "sent"),
    [
        ("none", "none"),
        ("minimal", "low"),
        ("low", "low"),
        ("medium", "medium"),
        ("high", "high"),
        ("xhigh", "xhigh"),
        ("max", "max"),
        ("adaptive", "adaptive"),
        ("ultra", "ultra"),
        ("default", None),
        ("auto", None),
        (4096, 4096),
        (0, 0),
        ({"effort": "minimal"}, "low"),
        ({"effort": 4096}, 4096),
        ({"effort": None}, None),
        ({"effort": "low", "summary": "auto"}, {"effort": "low", "summary": "auto"}),
    ],
)
def test_reasoning_effort_takes_the_apis_word(effort, sent):
    assert clean_reasoning_effort(effort) == sent


@pytest.mark.parametrize("effort", [True, False])
def test_reasoning_effort_may_be_a_bool(effort):
    assert clean_reasoning_effort(effort) is effort

import copy
import json
import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fireworks_async._protocol.error_reports import excerpt, read_error


def encoded(value):
    return json.dumps(value).encode()


class TestMessage:
    @pytest.mark.parametrize(
        ("body", "message"),
        [
            ({"error": {"message": "too hot", "code": "X"}}, "too hot"),
            ({"error": {"message": "inner"}, "message": "outer"}, "inner"),
            ({"error": "unauthorized"}, "unauthorized"),
            ({"error": "Too Many Requests", "message": "slow down"}, "slow down"),
            ({"error": "Too Many Requests", "message": ""}, "Too Many Requests"),
            ({"error": None, "message": "outer"}, "outer"),
            ({"error": {}, "message": "outer"}, "outer"),
            ({"error": True, "message": "outer"}, "outer"),
            ({"message": "  padded\n"}, "padded"),
            ({"msg": "short"}, "short"),
            ({"detail": "Previous response not found"}, "Previous response not found"),
            ({"detail": {"message": "nested"}}, "nested"),
            ({"error_message": "old"}, "old"),
            ({"error": {"error": {"detail": "deep"}}}, "deep"),
            ({"error": {"error": {"detail": {"msg": "deeper"}}}}, "deeper"),
            ([{"error": {"message": "first"}}], "first"),
            (["one", "two", {}, ""], "one; two"),
            ("just text", "just text"),
        ],
        ids=lambda value: json.dumps(value) if not isinstance(value, str) else None,
    )
    def test_it_is_found_in_every_shape(self, body, message):
        report = read_error(encoded(body))
        assert report.message == message
        assert report.body == body

    def test_pydantics_details_are_joined_with_their_places(self):
        body = {
            "detail": [
                {"loc": ["body", "messages", 0, None], "msg": "missing", "type": "x"},
                {"loc": "body", "msg": "no object"},
                {"msg": "nowhere"},
            ]
        }
        assert read_error(encoded(body)).message == (
            "body.messages.0: missing; no object; nowhere"
        )

    @pytest.mark.parametrize(
        "body", [{}, [], None, 17, 1.5, True, {"error": {"code": "X"}}, [[[[["x"]]]]]]
    )
    def test_there_may_be_none(self, body):
        report = read_error(encoded(body))
        assert report.message == ""
        assert report.body == body

    def test_of_a_long_list_only_the_beginning_is_told(self):
        report = read_error(encoded(["x"] * 1000))
        assert report.message == "; ".join(["x"] * 20)

    def test_plain_text_is_a_message(self):
        text = "upstream connect error or\r\n disconnect/reset before headers"
        report = read_error(text.encode())
        assert report.message == (
            "upstream connect error or disconnect/reset before headers"
        )
        assert report.body == text

    @pytest.mark.parametrize("start", ["\n<!DOCTYPE html>", "<html>", "<?xml?>"])
    def test_markup_is_none(self, start):
        page = f"{start}<title>502</title>"
        report = read_error(page.encode())
        assert report.message == ""
        assert report.body == page

    @pytest.mark.parametrize("body", [b"", b" \r\n", b"\xef\xbb\xbf"])
    def test_an_empty_body_is_none(self, body):
        report = read_error(body)
        assert report.message == ""
        assert report.body is None


class TestDetails:
    def test_they_are_taken_from_the_error_object(self):
        report = read_error(
            encoded(
                {"error": {"code": "C", "type": "T", "param": "P", "request_id": "R"}}
            )
        )
        assert (report.code, report.type, report.param, report.request_id) == (
            "C",
            "T",
            "P",
            "R",
        )

    def test_what_the_error_object_lacks_is_taken_from_beside_it(self):
        report = read_error(
            encoded(
                {
                    "error": {"message": "m", "code": None, "type": ""},
                    "code": 7,
                    "type": "T",
                    "request_id": "R",
                }
            )
        )
        assert (report.code, report.type, report.request_id) == (7, "T", "R")

    def test_they_are_found_in_the_first_of_a_list(self):
        assert read_error(encoded([{"error": {"code": "C"}}])).code == "C"

    def test_what_is_no_name_is_left_out(self):
        report = read_error(
            encoded({"error": {"code": True, "type": 5, "param": ["p"]}})
        )
        assert (report.code, report.type, report.param) == (None, None, None)

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            ({"error": {"status": 429}}, 429),
            ({"error": {"status_code": "503"}}, 503),
            ({"error": {"code": 500, "message": "m"}}, 500),
            ({"error": {"code": "400"}}, 400),
            ({"error": "text", "status": 599}, 599),
            ({"error": {"status": "UNAVAILABLE", "code": 503}}, 503),
            ({"error": {"status": 200, "code": 404}}, 404),
            ({"error": {"code": 399}}, None),
            ({"error": {"code": 600}}, None),
            ({"error": {"code": "4000"}}, None),
            ({"error": {"code": "NOT_FOUND"}}, None),
            ({"error": {"status": True}}, None),
            ({"error": {"status": 429.0}}, None),
            ([], None),
        ],
        ids=str,
    )
    def test_the_status_that_a_body_names(self, body, status):
        assert read_error(encoded(body)).status == status


class TestHostileBodies:
    def test_broken_utf8_is_mended_and_the_json_still_read(self):
        report = read_error(b'{"error": {"message": "caf\xe9 closed"}}')
        assert report.message == "caf� closed"

    def test_a_byte_order_mark_is_no_part_of_the_json(self):
        assert read_error(b'\xef\xbb\xbf{"message": "m"}').message == "m"

    def test_text_with_lone_surrogates_can_be_printed(self):
        report = read_error('{"message": "broken \ud83d pair"}')
        report.message.encode()
        assert report.message.startswith("broken ")

    def test_an_escaped_lone_surrogate_makes_it_text(self):
        text = '{"message": "broken \\ud83d pair"}'
        report = read_error(text)
        assert report.message == report.body == text

    def test_no_more_than_64_kib_are_looked_at(self):
        report = read_error(b"x" * (10 << 20))
        assert len(report.text) == 64 * 1024
        assert report.message == "x" * 199 + "…"

    def test_a_long_text_is_cut_as_well(self):
        assert len(read_error("x" * (1 << 20)).text) == 64 * 1024

    def test_json_that_is_cut_is_text(self):
        body = encoded({"message": "m" * 70_000})
        assert read_error(body).body == body[: 64 * 1024].decode()

    @pytest.mark.parametrize("depth", [33, 900, 30_000])
    @pytest.mark.parametrize(
        ("opening", "closing"), [("[", "]"), ('{"error":', "}")], ids=["list", "object"]
    )
    def test_what_is_nested_too_deeply_to_travel_is_kept_as_text(
        self, depth, opening, closing
    ):
        text = opening * depth + "1" + closing * depth
        report = read_error(text)
        assert report.body == text[: 64 * 1024]
        assert copy.deepcopy(report) == report
        assert pickle.loads(pickle.dumps(report)) == report

    def test_nesting_within_reason_is_kept(self):
        report = read_error("[" * 32 + "]" * 32)
        assert isinstance(report.body, list)

    def test_the_message_is_found_beside_deep_nesting(self):
        deep = "[" * 100 + "]" * 100
        report = read_error(f'{{"error": {{"message": "m", "details": {deep}}}}}')
        assert report.message == "m"
        assert isinstance(report.body, str)

    @pytest.mark.parametrize("text", ["9" * 5000, "1e999", "NaN", '{"a": 1', "\x00"])
    def test_what_cannot_be_decoded_is_text(self, text):
        assert read_error(text).body == text

    @given(st.binary() | st.text())
    def test_reading_never_fails(self, data):
        report = read_error(data)
        report.message.encode()
        assert report.body is not None or report.text.strip() in {"", "null"}

    @given(
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(),
            lambda children: (
                st.lists(children)
                | st.dictionaries(
                    st.sampled_from(
                        ["error", "message", "detail", "loc", "code", "type", "status"]
                    ),
                    children,
                )
            ),
        )
    )
    def test_reading_json_of_any_shape_never_fails(self, value):
        report = read_error(encoded(value))
        assert isinstance(report.message, str)
        assert report.code is None or type(report.code) in {str, int}


class TestExcerpt:
    def test_it_is_one_line(self):
        assert excerpt(" a\n\tb\r\n") == "a b"

    def test_it_says_that_it_was_cut(self):
        assert excerpt("abcdef", 6) == "abcdef"
        assert excerpt("abcdefg", 6) == "abcde…"

import json

import pytest

from fireworks_async.simulator._grammars import derived
from tests.support.simulated import ask

JSON = r"""
# What json.gbnf of llama.cpp has, in short.
root   ::= object
value  ::= object | array | string | number | ("true" | "false" | "null") ws

object ::= "{" ws ( string ":" ws value ("," ws string ":" ws value)* )? "}" ws
array  ::=
  "[" ws (
            value
    ("," ws value)*
  )? "]" ws
string ::= "\"" ( [^"\\\x7F\x00-\x1F] | "\\" (["\\bfnrt] | "u" [0-9a-fA-F]{4}) )* "\"" ws
number ::= ("-"? ([0-9] | [1-9] [0-9]{0,15})) ("." [0-9]+)? ws
ws ::= | " " | "\n" [ \t]{0,20}
"""


@pytest.mark.parametrize(
    ("grammar", "text"),
    [
        ('root ::= "yes" | "no"', "yes"),
        ('root ::= "a" "b"* "c"+ "d"? "e"{2} "f"{1,3} "g"{,2} "h"{3,}', "aceefhhh"),
        ('root ::= first " " second\nfirst ::= "x"\nsecond ::= [0-9]', "x 0"),
        (r'root ::= "tab\t\"quote\"\\ \x41\u00e9\n"', 'tab\t"quote"\\ Aé\n'),
        ("root ::= [^a-z] . [A-C]", "0aA"),
        ('root ::= ("a" | "b")("c")', "ac"),
        ('root ::= "(" root ")" | "x"', "((((x))))"),
        ('root ::= list\nlist ::= "a" list | end\nend ::= ""', "aaa"),
        ('# only a remark\nroot ::= "a" # and another', "a"),
        ('root ::= never | "b"\nnever ::= never "a"', "b"),
        ('root ::= missing | "b"', "b"),
        ('root ::= missing? "b"', "b"),
        ('root ::=\n  "a"\n  | "b"', "a"),
    ],
)
def test_a_text_is_derived(grammar, text):
    assert derived(grammar) == text


def test_a_grammar_of_json_gives_json():
    assert json.loads(derived(JSON)) == {}
    assert (
        json.loads(derived(JSON.replace("root   ::= object", "root ::= value"))) == {}
    )
    assert (
        json.loads(derived(JSON.replace("root   ::= object", "root ::= number"))) == 0
    )


@pytest.mark.parametrize(
    "grammar",
    [
        "",
        'other ::= "a"',
        "root ::= root",
        'root ::= "a" missing',
        "root ::= %",
        '"a" root ::= "b"',
        'root ::= ("a"\nother ::= "b"',
        'root ::= "a")',
        'root ::= ("a"',
        "root ::= *",
        "root ::= [z-a]",
        'root ::= "a',
    ],
)
def test_what_derives_nothing_gives_nothing(grammar):
    assert derived(grammar) is None


async def test_the_answer_follows_the_grammar_of_the_request(sim):
    wanted = {"type": "grammar", "grammar": 'root ::= "one two" [0-9]'}
    answer = await ask(sim, response_format=wanted)
    assert answer.json["choices"][0]["message"]["content"] == "one two0"
    broken = {"type": "grammar", "grammar": "?"}
    assert (await ask(sim, response_format=broken)).status == 200

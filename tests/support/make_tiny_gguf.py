"""A tiny Llama-type model in GGUF with random weights, for a real inference server.

The text it makes is nonsense on purpose: bytes are tokens of their own, so broken and
multi-byte UTF-8 is spread over tokens, which is what a streaming client must survive.
The same seed makes the same file, of about half a megabyte.
"""

import random
import struct
import sys
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path

_WIDTH, _FEED_FORWARD, _LAYERS, _HEADS, _CONTEXT = 64, 128, 2, 4, 32768

_ALIGNMENT = 32

# GGUF's numbers for the types of metadata values ...
_UINT32, _INT32, _FLOAT32, _STRING, _ARRAY = 4, 5, 6, 8, 9
# ... and for what a token is.
_NORMAL, _UNKNOWN, _CONTROL, _BYTE = 1, 2, 3, 6

_CHAT_TEMPLATE = (
    "{% for m in messages %}<{{ m['role'] }}> {{ m['content'] }} {% endfor %}"
    "{% if add_generation_prompt %}<assistant>{% endif %}"
)
_WORDS = (
    "the quick brown fox jumps over a lazy dog hello world how are you today one token "
    "after another every client must survive split bytes slow servers broken sockets"
)
_PIECES = [
    *("\u2581", "é", "你", "好", "м", "и", "ж", "🙂", "👩\u200d👧", "\u2028"),
    *(".", ",", '"', "{", "}", "\n"),
]

_Tensor = tuple[str, tuple[int, ...], array]


def write_tiny_gguf(path: Path, seed: int = 7) -> None:
    """Write the model to ``path``."""
    tokens, scores, kinds = _vocabulary()
    metadata = _metadata(tokens, scores, kinds)
    tensors = list(_tensors(random.Random(seed), len(tokens)))
    head = b"GGUF" + struct.pack("<IQQ", 3, len(tensors), len(metadata))
    head += b"".join(metadata)
    offset = 0
    bodies = []
    for name, shape, values in tensors:
        head += _string(name.encode())
        head += struct.pack(f"<I{len(shape)}Q", len(shape), *shape)
        head += struct.pack("<IQ", 0, offset)
        body = _padded(_little_endian(values))
        bodies.append(body)
        offset += len(body)
    path.write_bytes(_padded(head) + b"".join(bodies))


def _vocabulary() -> tuple[list[bytes], list[float], list[int]]:
    words = [f"\u2581{word}" for word in _WORDS.split()]
    tokens = [
        *(b"<unk>", b"<s>", b"</s>"),
        *(b"<0x%02X>" % byte for byte in range(256)),
        *(text.encode() for text in [*words, *_PIECES]),
    ]
    scores = [0.0] * 259
    scores += [-float(rank) for rank in range(len(words))]
    scores += [-100.0 - rank for rank in range(len(_PIECES))]
    kinds = [_UNKNOWN, _CONTROL, _CONTROL, *[_BYTE] * 256]
    kinds += [_NORMAL] * (len(tokens) - len(kinds))
    return tokens, scores, kinds


def _metadata(
    tokens: list[bytes], scores: list[float], kinds: list[int]
) -> list[bytes]:
    return [
        _text("general.architecture", "llama"),
        _text("general.name", "tiny-random"),
        _number("general.file_type", 0),
        _number("llama.context_length", _CONTEXT),
        _number("llama.embedding_length", _WIDTH),
        _number("llama.block_count", _LAYERS),
        _number("llama.feed_forward_length", _FEED_FORWARD),
        _number("llama.attention.head_count", _HEADS),
        _number("llama.attention.head_count_kv", _HEADS),
        _pair(
            "llama.attention.layer_norm_rms_epsilon", _FLOAT32, struct.pack("<f", 1e-5)
        ),
        _number("llama.rope.dimension_count", _WIDTH // _HEADS),
        _number("llama.vocab_size", len(tokens)),
        _text("tokenizer.ggml.model", "llama"),
        _array("tokenizer.ggml.tokens", _STRING, map(_string, tokens)),
        _array(
            "tokenizer.ggml.scores", _FLOAT32, (struct.pack("<f", s) for s in scores)
        ),
        _array(
            "tokenizer.ggml.token_type", _INT32, (struct.pack("<i", k) for k in kinds)
        ),
        _number("tokenizer.ggml.bos_token_id", 1),
        _number("tokenizer.ggml.eos_token_id", 2),
        _number("tokenizer.ggml.unknown_token_id", 0),
        _text("tokenizer.chat_template", _CHAT_TEMPLATE),
    ]


def _tensors(rng: random.Random, vocabulary: int) -> Iterator[_Tensor]:
    def noise(name: str, rows: int, columns: int, *, zeros: int = 0) -> _Tensor:
        values = array("f", [0.0] * zeros)
        values.extend(rng.gauss(0, 0.5) for _ in range(rows * columns - zeros))
        return f"{name}.weight", (rows, columns), values

    def ones(name: str) -> _Tensor:
        return f"{name}.weight", (_WIDTH,), array("f", [1.0] * _WIDTH)

    yield noise("token_embd", _WIDTH, vocabulary)
    # Nothing points to the three control tokens, so that answers run to their limit.
    yield noise("output", _WIDTH, vocabulary, zeros=3 * _WIDTH)
    yield ones("output_norm")
    for layer in range(_LAYERS):
        block = f"blk.{layer}"
        yield ones(f"{block}.attn_norm")
        yield ones(f"{block}.ffn_norm")
        for part in ("attn_q", "attn_k", "attn_v", "attn_output"):
            yield noise(f"{block}.{part}", _WIDTH, _WIDTH)
        yield noise(f"{block}.ffn_gate", _WIDTH, _FEED_FORWARD)
        yield noise(f"{block}.ffn_up", _WIDTH, _FEED_FORWARD)
        yield noise(f"{block}.ffn_down", _FEED_FORWARD, _WIDTH)


def _string(value: bytes) -> bytes:
    return struct.pack("<Q", len(value)) + value


def _pair(key: str, kind: int, value: bytes) -> bytes:
    return _string(key.encode()) + struct.pack("<I", kind) + value


def _text(key: str, value: str) -> bytes:
    return _pair(key, _STRING, _string(value.encode()))


def _number(key: str, value: int) -> bytes:
    return _pair(key, _UINT32, struct.pack("<I", value))


def _array(key: str, kind: int, items: Iterator[bytes]) -> bytes:
    encoded: Sequence[bytes] = list(items)
    head = struct.pack("<IQ", kind, len(encoded))
    return _pair(key, _ARRAY, head + b"".join(encoded))


def _little_endian(values: array) -> bytes:
    if sys.byteorder == "big":
        values.byteswap()
    return values.tobytes()


def _padded(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % _ALIGNMENT)

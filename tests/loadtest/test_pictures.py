import base64
import random
import struct
import zlib

from fireworks_async.loadtest._pictures import picture_url


def blocks(data):
    assert data.startswith(b"\x89PNG\r\n\x1a\n")
    at, found = 8, {}
    while at < len(data):
        (size,) = struct.unpack(">I", data[at : at + 4])
        name, body = data[at + 4 : at + 8], data[at + 8 : at + 8 + size]
        (sum_,) = struct.unpack(">I", data[at + 8 + size : at + 12 + size])
        assert zlib.crc32(name + body) == sum_
        found[name] = body
        at += 12 + size
    return found


def test_a_picture_is_a_png_of_its_size():
    head, _, text = picture_url(50, random.Random(1)).partition(",")
    assert head == "data:image/png;base64"
    found = blocks(base64.b64decode(text))
    assert struct.unpack(">II", found[b"IHDR"][:8]) == (50, 50)
    assert len(zlib.decompress(found[b"IDAT"])) == 50 * (1 + 3 * 50)
    assert b"IEND" in found


def test_no_two_are_alike_but_by_the_same_dice():
    dice = random.Random(1)
    assert picture_url(32, dice) != picture_url(32, dice)
    assert picture_url(32, random.Random(1)) == picture_url(32, random.Random(1))

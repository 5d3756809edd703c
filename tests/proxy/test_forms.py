import pytest

from fireworks_async.errors import BadRequestError
from fireworks_async.proxy._forms import FormBody

TYPE = "multipart/form-data; boundary=XX"
FORM = (
    b'--XX\r\nContent-Disposition: form-data; name="file"; filename="a.wav"\r\n'
    b"Content-Type: audio/wav\r\n\r\n\x00\r\n\r\nname=model\r\n"
    b'--XX\r\nContent-Disposition: form-data; name="model"\r\n\r\nwhisper\r\n'
    b"--XX--\r\n"
)


def test_the_model_is_found_behind_a_file():
    assert FormBody(FORM, TYPE).model == "whisper"


def test_only_the_name_is_changed():
    form = FormBody(FORM, TYPE)
    assert form.encoded("whisper-v3") == FORM.replace(
        b"\r\nwhisper\r", b"\r\nwhisper-v3\r"
    )
    assert form.encoded("whisper") is FORM


def test_s7_a_second_model_is_refused():
    second = (
        b"--XX\r\nContent-Disposition: form-data; name=MODEL\r\n\r\nother\r\n--XX--"
    )
    with pytest.raises(BadRequestError, match="twice"):
        FormBody(FORM.replace(b"--XX--", second), TYPE)


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (FORM, "application/json"),
        (FORM, "multipart/form-data"),
        (FORM.replace(b'"model"', b'"modal"'), TYPE),
        (FORM.replace(b"whisper", b"\xff\xfe"), TYPE),
        (FORM.replace(b"whisper", b""), TYPE),
        (b"", TYPE),
        (b"--XX", TYPE),
    ],
)
def test_what_names_no_model_is_refused(data, kind):
    with pytest.raises(BadRequestError):
        FormBody(data, kind)

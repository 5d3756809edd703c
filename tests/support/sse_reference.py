"""The event stream rules of the WHATWG HTML standard, word by word.

An oracle: it takes a whole stream at once, goes character by character, names things
as the standard does, and shares no code with the decoder. Slow and obvious on purpose.

The one thing that it adds: the reconnection time is also noted with the event whose
block set it.
"""

__all__ = ("reference_events",)

ASCII_DIGITS = "0123456789"


# One function, because the standard is one list of steps.
def reference_events(  # noqa: C901, PLR0912 - as above
    stream: bytes,
) -> list[tuple[str, str, str, int | None]]:
    """Every dispatched event, as (type, data, last event ID, retry)."""
    dispatched = []
    data_buffer = ""
    event_type_buffer = ""
    last_event_id_buffer = ""
    retry_of_block = None

    for line in lines_of(utf_8_decode(stream)):
        if line == "":
            last_event_id_string = last_event_id_buffer
            retry, retry_of_block = retry_of_block, None
            if data_buffer == "":
                event_type_buffer = ""
                continue
            if data_buffer[-1] == "\n":
                data_buffer = data_buffer[:-1]
            event_type = "message"
            if event_type_buffer != "":
                event_type = event_type_buffer
            dispatched.append((event_type, data_buffer, last_event_id_string, retry))
            data_buffer = ""
            event_type_buffer = ""
            continue

        if line[0] == ":":
            continue
        if ":" in line:
            colon = line.index(":")
            field = line[:colon]
            value = line[colon + 1 :]
            if value != "" and value[0] == " ":
                value = value[1:]
        else:
            field = line
            value = ""

        if field == "event":
            event_type_buffer = value
        elif field == "data":
            data_buffer = data_buffer + value
            data_buffer = data_buffer + "\n"
        elif field == "id":
            if "\0" not in value:
                last_event_id_buffer = value
        elif field == "retry":
            if value != "" and all(character in ASCII_DIGITS for character in value):
                retry_of_block = int(value, base=10)
        else:
            pass  # "The field is ignored."

    # "Once the end of the file is reached, any pending data must be discarded."
    return dispatched


def utf_8_decode(stream: bytes) -> str:
    """The Encoding standard's "UTF-8 decode", which drops one byte order mark."""
    text = stream.decode("utf-8", "replace")
    if text != "" and text[0] == "\ufeff":
        text = text[1:]
    return text


def lines_of(text: str) -> list[str]:
    """Every line that has an end; what follows the last end is in no whole line."""
    lines = []
    line = ""
    position = 0
    while position < len(text):
        character = text[position]
        if character == "\r":
            lines.append(line)
            line = ""
            if position + 1 < len(text) and text[position + 1] == "\n":
                position = position + 1
        elif character == "\n":
            lines.append(line)
            line = ""
        else:
            line = line + character
        position = position + 1
    return lines

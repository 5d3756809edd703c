"""A headless Chromium, driven over its DevTools protocol; for what only a browser can show."""

import asyncio
import base64
import contextlib
import json
import re
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

_PATIENCE = 30.0
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--no-first-run",
    "--remote-debugging-port=0",
)
_KEYS = {"Tab": ("Tab", 9, ""), "Enter": ("Enter", 13, "\r")}


def chromium() -> str | None:
    """Where it is; None where there is none."""
    found = map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))
    return next(filter(None, found), None)


class Page:
    """One tab.

    Attributes:
        complaints: What its console got of errors and warnings.
        asked: Every address that it asked for.
    """

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self._socket = socket
        self._number = 0
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._session: str | None = None
        self.complaints: list[str] = []
        self.asked: list[str] = []

    async def open(self) -> None:
        made = await self.command("Target.createTarget", url="about:blank")
        target = made["targetId"]
        found = await self.command(
            "Target.attachToTarget", targetId=target, flatten=True
        )
        self._session = found["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            await self.command(f"{domain}.enable")

    async def command(self, method: str, **params: Any) -> Any:
        self._number += 1
        sent: dict[str, Any] = {"id": self._number, "method": method, "params": params}
        if self._session is not None:
            sent["sessionId"] = self._session
        answer = self._answers[self._number] = asyncio.Future()
        await self._socket.send_json(sent)
        return await asyncio.wait_for(answer, _PATIENCE)

    async def listen(self) -> None:
        async for message in self._socket:
            told = json.loads(message.data)
            if "id" in told:
                answer = self._answers.pop(told["id"])
                if not answer.done():
                    answer.set_result(told.get("result"))
                continue
            self._hear(told["method"], told["params"])

    def _hear(self, method: str, params: Any) -> None:
        if method == "Network.requestWillBeSent":
            self.asked.append(params["request"]["url"])
        elif method == "Runtime.exceptionThrown":
            self.complaints.append(str(params["exceptionDetails"]))
        elif method == "Log.entryAdded":
            self.complaints.append(str(params["entry"]))
        elif method == "Runtime.consoleAPICalled":
            self.complaints.append(str(params["args"]))

    async def look(
        self, url: str, *, width: int = 1280, height: int = 900, dark: bool = False
    ) -> None:
        """Go to a page, on a screen of this size."""
        await self.command(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=width < 600,
        )
        scheme = {
            "name": "prefers-color-scheme",
            "value": "dark" if dark else "light",
        }
        await self.command("Emulation.setEmulatedMedia", features=[scheme])
        await self.command("Page.navigate", url=url)
        await self.until("document.readyState === 'complete'")

    async def evaluate(self, expression: str) -> Any:
        """The value of an expression of its language."""
        found = await self.command(
            "Runtime.evaluate",
            expression=expression,
            returnByValue=True,
            awaitPromise=True,
        )
        assert "exceptionDetails" not in found, found
        return found["result"].get("value")

    async def until(self, expression: str) -> None:
        """Wait until an expression is true."""
        async with asyncio.timeout(_PATIENCE):
            while not await self.evaluate(expression):  # noqa: ASYNC110 - the browser's
                await asyncio.sleep(0.02)

    async def type(self, text: str) -> None:
        await self.command("Input.insertText", text=text)

    async def press(self, key: str) -> None:
        name, code, text = _KEYS[key]
        common = {"key": name, "code": name, "windowsVirtualKeyCode": code}
        down = "keyDown" if text else "rawKeyDown"
        await self.command("Input.dispatchKeyEvent", type=down, text=text, **common)
        await self.command("Input.dispatchKeyEvent", type="keyUp", **common)

    async def picture(self, path: Path) -> None:
        shot = await self.command("Page.captureScreenshot", captureBeyondViewport=True)
        data = base64.b64decode(shot["data"])
        await asyncio.to_thread(path.write_bytes, data)


@asynccontextmanager
async def browsing(directory: Path) -> AsyncIterator[Page]:
    """A tab of a browser that keeps what it keeps in a directory."""
    program = chromium()
    assert program is not None
    process = await asyncio.create_subprocess_exec(
        program,
        *_FLAGS,
        f"--user-data-dir={directory}",
        stderr=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
    )
    assert process.stderr is not None
    said = re.compile(rb"DevTools listening on (ws://\S+)")
    try:
        async with asyncio.timeout(_PATIENCE):
            while not (found := said.search(await process.stderr.readline())):
                pass
        draining = asyncio.create_task(process.stderr.read())
        async with (
            aiohttp.ClientSession() as session,
            session.ws_connect(found[1].decode(), max_msg_size=0) as socket,
        ):
            page = Page(socket)
            listening = asyncio.create_task(page.listen())
            try:
                await page.open()
                yield page
            finally:
                listening.cancel()
                await asyncio.gather(listening, return_exceptions=True)
        draining.cancel()
        await asyncio.gather(draining, return_exceptions=True)
    finally:
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()

"""A tab of the page without a browser: the frame's socket protocol, for tests."""

import asyncio
import json
import uuid
from collections.abc import Callable
from typing import Any

import aiohttp
import socketio  # type: ignore[import-untyped]  # has no types

LOGINS = {"ana": "ana's password", "eve": "eve's password"}
LIMIT = 60.0


class Tab:
    """One open tab; everything that the page showed is kept."""

    def __init__(self, url: str, thread_id: str = "", login: tuple[str, str] | None = None) -> None:
        self.url = url
        self.thread_id = thread_id
        self.login = login
        self.cookies: dict[str, str] = {}
        self.session_id = str(uuid.uuid4())
        self.events: list[tuple[str, Any]] = []
        self._socket = socketio.AsyncClient(reconnection=False)
        self._socket.on("*", self._note)

    async def __aenter__(self) -> "Tab":
        assert await self.log_in() == 200
        await self.connect()
        await self._socket.emit("connection_successful")
        if self.thread_id:
            await self.until(lambda: "resume_thread" in self.names())
        else:
            # One end for the connection, one for the start of the chat.
            await self.until(lambda: self.names().count("task_end") == 2)
        return self

    async def connect(self) -> None:
        """Open the socket."""
        auth = {
            "sessionId": self.session_id,
            "clientType": "webapp",
            "userEnv": "{}",
            "threadId": self.thread_id,
            "chatProfile": "",
        }
        await self._socket.connect(
            self.url,
            headers={"Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())},
            socketio_path="/ws/socket.io",
            auth=auth,
            transports=["websocket"],
        )

    async def log_in(self) -> int:
        """Log in and keep the cookie; return the status."""
        where, form = "/auth/header", None
        if self.login is not None:
            where, form = "/login", {"username": self.login[0], "password": self.login[1]}
        async with self._http() as http, http.post(f"{self.url}{where}", data=form) as response:
            self.cookies = {name: one.value for name, one in response.cookies.items()}
            return response.status

    def _http(self) -> aiohttp.ClientSession:
        return aiohttp.ClientSession(cookies=self.cookies)

    async def get(self, path: str) -> tuple[int, bytes]:
        """Return status and body of a page's address."""
        async with self._http() as http, http.get(f"{self.url}{path}") as response:
            return response.status, await response.read()

    async def send(self, method: str, path: str, body: dict[str, Any]) -> tuple[int, str]:
        """Send JSON, follow nowhere; return status and text."""
        async with (
            self._http() as http,
            http.request(
                method,
                f"{self.url}{path}",
                json=body if method != "GET" else None,
                allow_redirects=False,
            ) as response,
        ):
            return response.status, (await response.read()).decode("utf-8", "replace")

    async def post(self, path: str, **fields: str) -> tuple[int, str]:
        """Send a form and follow where it leads; return status and body."""
        async with self._http() as http, http.post(f"{self.url}{path}", data=fields) as response:
            return response.status, await response.text()

    async def delete_thread(self, thread_id: str) -> int:
        """Delete a conversation as the side bar does; return the status."""
        body = {"threadId": thread_id}
        async with (
            self._http() as http,
            http.request("DELETE", f"{self.url}/project/thread", json=body) as response,
        ):
            return response.status

    async def kept_threads(self) -> list[dict[str, Any]]:
        """Return the conversations that the side bar lists."""
        body = {"pagination": {"first": 20}, "filter": {}}
        async with (
            self._http() as http,
            http.post(f"{self.url}/project/threads", json=body) as response,
        ):
            assert response.status == 200, await response.text()
            found: list[dict[str, Any]] = (await response.json())["data"]
            return found

    async def kept(self, name: str, *texts: str, pictures: int = 0) -> str:
        """Wait until a conversation that began with `name` is kept; return its id.

        The frame keeps messages in tasks of its own, some time after they are shown: `texts` and
        so many pictures are waited for, too.
        """
        async with asyncio.timeout(LIMIT):
            while True:
                for thread in await self.kept_threads():
                    if (thread["name"] or "").startswith(name):
                        _, content = await self.get(f"/project/thread/{thread['id']}")
                        found = json.loads(content)
                        said = [_plain(step["output"]) for step in found["steps"]]
                        is_whole = all(any(text in one for one in said) for text in texts)
                        if is_whole and len(found["elements"]) >= pictures:
                            return str(thread["id"])
                await asyncio.sleep(0.05)

    async def __aexit__(self, *_: object) -> None:
        await self._socket.disconnect()

    async def _note(self, name: str, *data: Any) -> None:
        self.events.append((name, data[0] if data else None))

    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def of(self, *names: str) -> list[Any]:
        return [data for name, data in self.events if name in names]

    def texts(self) -> list[str]:
        """Return the assistant's messages as they stand now, without escapes."""
        latest: dict[str, str] = {}
        for step in self.of("new_message", "update_message", "stream_start"):
            if step["type"] == "assistant_message":
                latest[step["id"]] = step["output"]
        for step in self.of("delete_message"):
            latest.pop(step["id"], None)
        return [_plain(text) for text in latest.values()]

    def steps(self, kind: str) -> list[Any]:
        """Return finished steps or messages of one kind, as last written."""
        return [one for one in self.of("update_message") if one["type"] == kind]

    def elements(self, kind: str) -> list[Any]:
        return [one for one in self.of("element") if one["type"] == kind]

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(LIMIT):
            while not condition():
                await asyncio.sleep(0.02)

    async def shows(self, text: str) -> None:
        """Wait until a message contains a text."""
        await self.until(lambda: any(text in one for one in self.texts()))

    async def ends(self) -> None:
        """Wait until the turn that was begun has ended."""
        await self.until(
            lambda: (
                "task_end" in self.names()[self.names().index("task_start") :]
                if "task_start" in self.names()
                else False
            )
        )

    async def begin(self, text: str, *files: tuple[str, bytes], command: str | None = None) -> str:
        """Send a message with files and return its id at once."""
        self.events.clear()
        references = [{"id": await self._upload(name, data)} for name, data in files]
        message_id = str(uuid.uuid4())
        message = {
            "id": message_id,
            "threadId": "",
            "name": "User",
            "type": "user_message",
            "output": text,
            "createdAt": "2026-01-01T00:00:00Z",
            "command": command,
        }
        payload = {"message": message, "fileReferences": references}
        await self._socket.emit("client_message", payload)
        return message_id

    async def say(self, text: str, *files: tuple[str, bytes], command: str | None = None) -> str:
        """Send a message and wait until its turn has ended; return the last text."""
        await self.begin(text, *files, command=command)
        await self.ends()
        return self.texts()[-1]

    async def set(self, **values: object) -> None:
        """Change settings of the conversation as the settings dialog does."""
        await self._socket.emit("chat_settings_change", values)

    async def stop(self) -> None:
        await self._socket.emit("stop")

    async def press(self, action: dict[str, Any]) -> None:
        body = {"sessionId": self.session_id, "action": action}
        async with (
            self._http() as http,
            http.post(f"{self.url}/project/action", json=body) as response,
        ):
            assert response.status == 200, await response.text()

    async def _upload(self, name: str, data: bytes) -> str:
        form = aiohttp.FormData()
        form.add_field("file", data, filename=name, content_type="image/png")
        async with (
            self._http() as http,
            http.post(
                f"{self.url}/project/file?session_id={self.session_id}", data=form
            ) as response,
        ):
            assert response.status == 200, await response.text()
            return str((await response.json())["id"])


def _plain(text: str | None) -> str:
    """Return a message without its escapes."""
    return (text or "").replace("\\", "")

"""Answers every HTTP request of this process from a queue; nothing reaches a network."""

from __future__ import annotations

import socket
from collections import deque
from typing import Any, NoReturn

import httpx
import httpx2
from answers import Answer

_answers: deque[Answer] = deque()
requested: list[str] = []
"""The host and path of each request, in order."""


def install() -> None:
    """From now on httpx (1 and 2) answers from the queue, and a connection to anywhere is an error."""
    for library in (httpx, httpx2):
        library.HTTPTransport.handle_request = _handler(library)
        library.AsyncHTTPTransport.handle_async_request = _async_handler(library)
    socket.socket.connect = _refuse  # type: ignore[method-assign]
    socket.getaddrinfo = _refuse


def expect(*answers: Answer) -> None:
    """The answers to the next requests. RuntimeError when an earlier one was never fetched."""
    if _answers:
        raise RuntimeError(f"{len(_answers)} answers were not fetched")
    _answers.extend(answers)


def _handler(library: Any) -> Any:
    def handle(self: Any, request: Any) -> Any:
        request.read()
        return _answer(library, request)

    return handle


def _async_handler(library: Any) -> Any:
    async def handle(self: Any, request: Any) -> Any:
        await request.aread()
        return _answer(library, request)

    return handle


def _answer(library: Any, request: Any) -> Any:
    requested.append(f"{request.url.host}{request.url.path}")
    if not _answers:
        raise RuntimeError(f"no answer is left for {request.url}")
    answer = _answers.popleft()
    headers = {"content-type": answer.content_type}
    return library.Response(answer.status, headers=headers, content=answer.body, request=request)


def _refuse(*arguments: Any, **options: Any) -> NoReturn:
    raise OSError("there is no network here")

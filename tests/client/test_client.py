"""The small client: errors become sentences, refusals keep all their problems, and connections are kept alive."""

from __future__ import annotations

import http.server
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from msgspec import Struct

from pilotage.client import ApiError, ApiRefused, ApiUnreachable, Client, FieldProblem

PROBLEM = {
    "type": "about:blank",
    "title": "Refused",
    "status": 422,
    "code": "refused",
    "detail": "Two things are wrong.",
    "errors": [
        {"code": "no-later-date", "field": "extend_until", "message": "Give a later date."},
        {"code": "not-owner", "field": "", "message": "Only the owner decides."},
    ],
}


class Seen(Struct, frozen=True, kw_only=True):
    """A request as the server saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: Any
    connection: int


class FakeServer:
    """Answers every request as the next one of `answers`, and remembers what it was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, bytes]] = []
        self.hang_up = False
        self.seen: list[Seen] = []
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def answer(self) -> None:
                length = int(self.headers.get("Content-Length", 0))
                body = json.loads(self.rfile.read(length)) if length else None
                outer.seen.append(
                    Seen(
                        method=self.command,
                        path=self.path,
                        headers={name.lower(): value for name, value in self.headers.items()},
                        body=body,
                        connection=self.client_address[1],
                    )
                )
                status, content = outer.answers.pop(0) if outer.answers else (200, b'{"fine": true}')
                self.send_response(status)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
                # Without a word, as servers close connections that have been idle.
                self.close_connection = outer.hang_up

            do_GET = do_POST = answer  # noqa: N815 - the standard library's names

            def log_message(self, *_arguments: object) -> None:
                """Nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = False
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})
        self._thread.start()
        self.url = f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop, once every connection has ended."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


@pytest.fixture
def server() -> Iterator[FakeServer]:
    """A server of nobody's."""
    server = FakeServer()
    yield server
    server.close()


@pytest.fixture
def client(server: FakeServer) -> Iterator[Client]:
    """A client of it."""
    client = Client(server.url, "secret-token")
    yield client
    client.close()


def test_a_question_goes_below_the_interface_with_its_token(server, client):
    """The path is that of the interface, what is None is not asked, and the token is sent."""
    assert client.get("/workloads", phase="pilot", limit=5, cursor=None) == {"fine": True}
    (seen,) = server.seen
    assert (seen.method, seen.path, seen.body) == ("GET", "/api/v1/workloads?phase=pilot&limit=5", None)
    assert seen.headers["authorization"] == "Bearer secret-token"
    assert seen.headers["accept"] == "application/json"


def test_a_server_may_stand_below_a_path(server):
    """Behind a proxy the interface is below the path of the address."""
    client = Client(f"{server.url}/pilotage/", "t")
    client.get("/workloads")
    client.close()
    assert server.seen[0].path == "/pilotage/api/v1/workloads"


def test_a_command_is_sent_as_json_to_its_workload(server, client):
    """Fields, credential and key go where the interface takes them; names are quoted."""
    client.command("ticket/triage", "sign", {"digest": "ab"}, credential="pass word", key="k-1")
    (seen,) = server.seen
    assert (seen.method, seen.path) == ("POST", "/api/v1/workloads/ticket%2Ftriage/commands/sign")
    assert seen.body == {"digest": "ab"}
    assert seen.headers["content-type"] == "application/json"
    assert (seen.headers["pilotage-credential"], seen.headers["idempotency-key"]) == ("pass word", "k-1")
    client.command("w", "kill", {"reason": "Latin."})
    assert "pilotage-credential" not in server.seen[1].headers
    assert "idempotency-key" not in server.seen[1].headers


def test_no_content_is_none(server, client):
    """An answer without content is nothing, not an error."""
    server.answers = [(204, b"")]
    assert client.post("/session/end", {}) is None


def test_a_refusal_names_every_problem(server, client):
    """Status, stable code, sentence, and each problem with its field."""
    server.answers = [(422, json.dumps(PROBLEM).encode())]
    with pytest.raises(ApiRefused, match="Two things are wrong") as refused:
        client.command("w", "decide", {})
    assert (refused.value.status, refused.value.code) == (422, "refused")
    assert refused.value.problems == (
        FieldProblem(code="no-later-date", field="extend_until", message="Give a later date."),
        FieldProblem(code="not-owner", field="", message="Only the owner decides."),
    )


@pytest.mark.parametrize(
    ("answer", "code", "sentence"),
    [
        ((500, b"<html>oops</html>"), "http-500", "The server answered 500."),
        ((502, b""), "http-502", "The server answered 502."),
        ((404, b'{"title": "Not found", "code": "unknown-workload"}'), "unknown-workload", "Not found"),
        ((400, b'["not", "an", "object"]'), "http-400", "The server answered 400."),
        ((400, b'{"detail": "No.", "errors": null}'), "http-400", "No."),
        ((400, b'{"detail": "No.", "errors": ["odd", {"code": 7}]}'), "http-400", "No."),
        ((307, b""), "http-307", "The server answered 307."),
    ],
)
def test_whatever_is_refused_is_an_error_with_a_sentence(server, client, answer, code, sentence):
    """Also where a proxy answers in the server's place, or the answer is not what it ought to be."""
    server.answers = [answer]
    with pytest.raises(ApiRefused) as refused:
        client.get("/workloads")
    assert (refused.value.status, refused.value.code, str(refused.value)) == (answer[0], code, sentence)


def test_a_page_in_place_of_an_answer_is_somebody_elses(server, client):
    """A success that is no JSON comes from something else: the address is wrong."""
    server.answers = [(200, b"<html>Welcome to the router</html>")]
    with pytest.raises(ApiUnreachable, match="no server of Pilotage"):
        client.get("/workloads")


def test_one_connection_serves_many_requests(server, client):
    """It is kept alive, over refusals too."""
    server.answers = [(200, b"1"), (422, json.dumps(PROBLEM).encode()), (200, b"2")]
    assert client.get("/a") == 1
    with pytest.raises(ApiRefused):
        client.get("/b")
    assert client.get("/c") == 2
    assert len({seen.connection for seen in server.seen}) == 1


def test_a_connection_that_the_server_closed_is_opened_anew(server, client):
    """Idle connections are closed by servers without a word: the next request goes over a new one, once."""
    server.hang_up = True
    client.get("/a")
    client._connection.sock.recv(1, socket.MSG_PEEK)  # until the server has closed it
    server.hang_up = False
    client.post("/b", {})
    assert [seen.path for seen in server.seen] == ["/api/v1/a", "/api/v1/b"]
    assert len({seen.connection for seen in server.seen}) == 2


def test_nobody_there_is_said_with_the_way_out():
    """The error names the address and the command that starts a server; a later start is found."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}"
        client = Client(url, "t")
        for _ in range(2):
            with pytest.raises(ApiUnreachable, match=f"No server answers at {url}.*pilotage up"):
                client.get("/workloads")


def test_a_server_that_says_nothing_is_unreachable():
    """After the time allowed the client gives up."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        client = Client(f"http://127.0.0.1:{silent.getsockname()[1]}", "t", timeout_s=0.05)
        with pytest.raises(ApiUnreachable, match="timed out"):
            client.get("/workloads")


@pytest.mark.parametrize("url", ["", "127.0.0.1:8400", "ftp://host", "http://", "http://host:port", "http://[::1"])
def test_what_is_no_address_is_refused_at_once(url):
    """A wrong address is an error of the client's own kind, before anything is sent."""
    with pytest.raises(ApiUnreachable, match="no address of a server"):
        Client(url, "t")
    assert issubclass(ApiUnreachable, ApiError)

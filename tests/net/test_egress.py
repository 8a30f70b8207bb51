"""The way out against real servers: answers, errors, and above all what may have been sent."""

from __future__ import annotations

import gzip
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.routing import Route

from hefu.core.env import Env
from hefu.core.errors import Transient, Unanswered, Unsupported
from hefu.core.project import Connection, Limits
from hefu.core.urgency import is_urgent, urgently
from hefu.core.words import tell
from hefu.net import Egress, targets_in
from loopback import certificate, serving, talking

SEEN: list[tuple[str, str]] = []


async def echo(request: Request) -> Response:
    SEEN.append((request.method, request.url.path))
    body = (await request.body()).decode()
    headers = {name: value for name, value in request.headers.items() if name not in ("host", "accept")}
    return JSONResponse(
        {"method": request.method, "query": str(request.query_params), "body": body, "headers": headers,
         "client": request.client.port if request.client else 0}
    )  # fmt: skip


async def status(request: Request) -> Response:
    SEEN.append((request.method, request.url.path))
    headers = {"retry-after": request.query_params["after"]} if "after" in request.query_params else {}
    return PlainTextResponse("x", int(request.path_params["code"]), headers)


async def hop(request: Request) -> Response:
    SEEN.append((request.method, request.url.path))
    return RedirectResponse(request.query_params["to"], int(request.query_params.get("code", 302)))


async def bomb(request: Request) -> Response:
    return Response(gzip.compress(b"0" * 50_000_000), headers={"content-encoding": "gzip"})


async def cookies(request: Request) -> Response:
    answer = PlainTextResponse("in")
    answer.set_cookie("a", "1")
    answer.set_cookie("b", "2")
    return answer


APP = Starlette(
    routes=[
        Route("/echo", echo, methods=["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD"]),
        Route("/status/{code}", status, methods=["GET", "POST"]),
        Route("/hop", hop, methods=["GET", "POST"]),
        Route("/bomb", bomb),
        Route("/cookies", cookies),
    ]
)


@pytest.fixture(scope="module")
def base() -> Iterator[str]:
    with serving(APP) as url:
        yield url


@pytest.fixture(autouse=True)
def _forget() -> None:
    SEEN.clear()


def out(url: str, **how: object) -> Egress:
    return Egress(Env(), targets=targets_in({"url": url}), connection="crm", **how)  # type: ignore[arg-type]


def test_a_request_arrives_as_it_was_sent(base: str) -> None:
    import json

    answer = out(base).send(
        "patch", f"{base}/echo?a=1", params={"名": "合 符&"}, headers={"X-Key": "k"}, body=b'{"n":1}', writes=True
    )
    told = json.loads(answer.body)
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert told["method"] == "PATCH"
    assert told["body"] == '{"n":1}'
    assert told["query"].startswith("a=1&%E5%90%8D=%E5%90%88+%E7%AC%A6%26")
    assert told["headers"]["x-key"] == "k"
    assert "expect" not in told["headers"]


def test_a_large_body_and_an_empty_one(base: str) -> None:
    import json

    egress = out(base)
    big = json.loads(egress.send("POST", f"{base}/echo", body=b"x" * 3_000_000, writes=True).body)
    assert len(big["body"]) == 3_000_000
    empty = json.loads(egress.send("POST", f"{base}/echo", body=b"", writes=True).body)
    assert (empty["method"], empty["body"]) == ("POST", "")
    after = json.loads(egress.send("GET", f"{base}/echo").body)
    assert (after["method"], after["body"]) == ("GET", "")
    assert egress.send("HEAD", f"{base}/echo").body == b""
    assert json.loads(egress.send("DELETE", f"{base}/echo", writes=True).body)["method"] == "DELETE"


def test_connections_are_kept_and_bounded(base: str) -> None:
    import json

    egress = out(base, limits=Limits(concurrency=3))

    def call(_: int) -> int:
        return int(json.loads(egress.send("GET", f"{base}/echo").body)["client"])

    with ThreadPoolExecutor(8) as pool:
        ports = set(pool.map(call, range(60)))
    assert 1 <= len(ports) <= 3
    assert egress.counts().calls == 60


@pytest.mark.parametrize(("code", "error"), [(429, "net.too_many"), (503, "net.unavailable")])
def test_later_is_transient_even_for_a_write(base: str, code: int, error: str) -> None:
    egress = out(base)
    with pytest.raises(Transient) as caught:
        egress.send("POST", f"{base}/status/{code}?after=7", body=b"", writes=True)
    assert (caught.value.code, caught.value.after) == (error, 7.0)
    assert egress.counts().refused == 1


class Impatient(Env):
    """Sleeps not at all, and its clock knows how long it should have."""

    slept = 0.0

    def now(self) -> datetime:
        return super().now() + timedelta(seconds=self.slept)

    def sleep(self, seconds: float) -> None:
        self.slept += seconds


def busy(after: int, refusals: int) -> tuple[Callable[[socket.socket, int], None], list[int]]:
    """A server that says "too many, come back" so often before it answers; and the statuses it gave."""
    told: list[int] = []

    def speak(line: socket.socket, _number: int) -> None:
        while line.recv(65536):
            told.append(429 if len(told) < refusals else 200)
            line.sendall(b"HTTP/1.1 %d x\r\nRetry-After: %d\r\nContent-Length: 0\r\n\r\n" % (told[-1], after))

    return speak, told


@pytest.mark.parametrize("writes", [False, True])
def test_a_short_refusal_is_waited_out_inside_the_call(writes: bool) -> None:
    speak, told = busy(after=3, refusals=2)
    env = Impatient()
    with talking(speak) as url:
        egress = Egress(env, targets=targets_in({"u": url}), waits=True)
        assert egress.send("POST", url, body=b"", writes=writes).status == 200
    assert told == [429, 429, 200]
    assert env.slept == pytest.approx(6, rel=0.01)
    assert egress.counts().refused == 2


def test_a_long_refusal_is_told_to_the_caller_however_often_it_was_waited_before() -> None:
    speak, told = busy(after=12, refusals=9)
    env = Impatient()
    with talking(speak) as url, pytest.raises(Transient) as caught:
        Egress(env, targets=targets_in({"u": url}), waits=True).send("GET", url, timeout=30)
    assert (caught.value.code, caught.value.after) == ("net.too_many", 12.0)
    assert told == [429] * 3, "30 seconds of patience hold two waits of 12"


def test_urgent_work_has_the_calls_of_the_day_that_are_kept_for_it(base: str) -> None:
    env = Env()
    limits = Limits.model_validate({"daily_calls": 4, "reserve_urgent": "50%", "concurrency": 3})
    egress = Egress(env, targets=targets_in({"u": base}), limits=limits)

    def call(_: int = 0) -> int:
        return egress.send("GET", f"{base}/status/200").status

    assert [call(), call()] == [200, 200]
    with pytest.raises(Transient) as caught:
        call()
    assert (caught.value.code, caught.value.facts["kept"]) == ("net.daily_quota", 2)
    with urgently():  # also in the threads to which work is handed
        assert env.overlap(call, [1]) + list(env.ahead(map(call, [2]))) == [200, 200]
        with pytest.raises(Transient) as caught:
            call()
    assert caught.value.facts["kept"] == 0


def test_urgency_goes_along_into_threads() -> None:
    env = Env()
    with urgently():
        assert env.overlap(lambda _: is_urgent(), range(9)) == [True] * 9
        assert list(env.ahead(is_urgent() for _ in range(3))) == [True] * 3
    assert env.overlap(lambda _: is_urgent(), range(9)) == [False] * 9


@pytest.mark.parametrize("code", [502, 504])
def test_a_gateway_error_leaves_a_write_unknown_and_a_read_not(base: str, code: int) -> None:
    with pytest.raises(Transient):
        out(base).send("GET", f"{base}/status/{code}")
    with pytest.raises(Unanswered):
        out(base).send("POST", f"{base}/status/{code}", body=b"", writes=True)


@pytest.mark.parametrize("code", [200, 304, 400, 401, 404, 409, 412, 422, 500, 501])
def test_any_other_status_is_an_answer(base: str, code: int) -> None:
    assert out(base).send("GET", f"{base}/status/{code}").status == code


def test_cookies_stay_apart(base: str) -> None:
    both = out(base).send("GET", f"{base}/cookies").headers["set-cookie"].split("\n")
    assert [cookie.split(";")[0] for cookie in both] == ["a=1", "b=2"]


# ------------------------------------------------------------------ was anything sent?


def test_nobody_listens() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    url = f"http://127.0.0.1:{port}/"
    with pytest.raises(Transient) as caught:
        out(url).send("POST", url, body=b"x", writes=True)
    assert caught.value.code == "net.unreachable"
    assert "127.0.0.1" in tell(caught.value)[0]


def test_an_unknown_name() -> None:
    url = "http://no-such-host.invalid/"
    with pytest.raises(Transient) as caught:
        out(url).send("POST", url, body=b"x", writes=True)
    assert caught.value.code == "net.unknown_host"


def _silent(line: socket.socket, _number: int) -> None:
    line.recv(65536)
    line.recv(65536)  # until the client leaves


def test_time_out_of_a_write_is_unknown_of_a_read_transient() -> None:
    with talking(_silent) as url:
        with pytest.raises(Unanswered) as caught:
            out(url).send("POST", url, body=b"x", writes=True, timeout=0.2)
        assert caught.value.code == "net.no_answer"
        with pytest.raises(Transient):
            out(url).send("GET", url, timeout=0.2)


def test_the_time_limit_covers_a_dripping_answer() -> None:
    done = threading.Event()

    def drip(line: socket.socket, _number: int) -> None:
        line.recv(65536)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
        while not done.wait(0.05):
            line.sendall(b"x")

    with talking(drip) as url, pytest.raises(Transient) as caught:
        out(url).send("GET", url, timeout=0.4)
    done.set()
    assert caught.value.code == "net.no_answer"


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nhalf",
        b"SSH-2.0-OpenSSH\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\nnope",
    ],
    ids=["nothing", "half", "half a chunk", "no HTTP", "broken gzip"],
)
def test_a_cut_of_a_write_is_unknown_of_a_read_transient(answer: bytes) -> None:
    def speak(line: socket.socket, _number: int) -> None:
        line.recv(65536)
        line.sendall(answer)

    with talking(speak) as url:
        with pytest.raises(Unanswered):
            out(url).send("POST", url, body=b"x", writes=True)
        with pytest.raises(Transient):
            out(url).send("GET", url)


def test_a_write_is_sent_once_when_a_kept_connection_dies() -> None:
    """libcurl repeats a request by itself there; the second arrival would be a second order."""
    arrived: list[bytes] = []

    def first_then_cut(line: socket.socket, _number: int) -> None:
        for answer in (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", b""):
            arrived.append(line.recv(65536).split(b" ")[0])
            line.sendall(answer)

    with talking(first_then_cut) as url:
        egress = out(url)
        egress.send("GET", url)
        with pytest.raises(Unanswered) as caught:
            egress.send("POST", url, body=b"", writes=True)
        assert caught.value.code == "net.cut"
        assert [method for method in arrived if method] == [b"GET", b"POST"]
        assert egress.counts().unanswered == 1


def test_a_read_survives_a_dead_kept_connection() -> None:
    def once(line: socket.socket, _number: int) -> None:
        line.recv(65536)
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")

    with talking(once) as url:
        egress = out(url)
        assert [egress.send("GET", url).body for _ in range(3)] == [b"ok"] * 3


# ------------------------------------------------------------------ TLS


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tls")


def test_a_private_authority_is_believed_when_named_and_only_then(tls: Path) -> None:
    made = certificate(tls)
    with serving(APP, made) as url:
        private = out(url, ca_file=str(made[0]))
        assert private.send("GET", f"{url}/echo").status == 200
        private.close()
        with pytest.raises(Transient) as caught:
            out(url).send("POST", f"{url}/echo", body=b"x", writes=True)
        assert caught.value.code == "net.tls"
    assert len(SEEN) == 1


@pytest.mark.parametrize(("name", "days"), [("other.example", 2), ("127.0.0.1", -1)], ids=["wrong name", "expired"])
def test_a_wrong_certificate_is_refused_before_sending(tls: Path, name: str, days: int) -> None:
    made = certificate(tls, name, days)
    with serving(APP, made) as url, pytest.raises(Transient) as caught:
        out(url, ca_file=str(made[0])).send("POST", f"{url}/echo", body=b"x", writes=True)
    assert caught.value.code == "net.tls"
    assert SEEN == []


def test_https_to_a_server_that_speaks_no_tls(base: str) -> None:
    url = base.replace("http:", "https:")
    with pytest.raises(Transient) as caught:
        out(url).send("GET", url, timeout=5)
    assert caught.value.code == "net.tls"


def test_a_missing_ca_file_is_named() -> None:
    with pytest.raises(Unsupported) as caught:
        out("https://a.example", ca_file="/no/such/ca.pem")
    assert "/no/such/ca.pem" in tell(caught.value, "zh")[0]


# ------------------------------------------------------------------ size, redirects, headers, secrets


def test_an_answer_and_a_gzip_bomb_are_bounded(base: str) -> None:
    egress = out(base, most_bytes=1_000_000)
    with pytest.raises(Unsupported) as caught:
        egress.send("GET", f"{base}/bomb")
    assert caught.value.code == "net.too_large"
    assert egress.send("GET", f"{base}/echo").status == 200


def test_redirects_stay_on_the_host(base: str) -> None:
    egress = out(base)
    assert egress.send("GET", f"{base}/hop?to=/echo").status == 200
    assert egress.send("GET", f"{base}/hop?to=http://169.254.169.254/").status == 302
    assert egress.send("GET", f"{base}/hop?to={base.replace('127.0.0.1', 'localhost')}/echo").status == 302
    assert egress.send("POST", f"{base}/hop?to=/echo", body=b"x", writes=True).status == 302
    assert egress.send("POST", f"{base}/hop?to=/echo&code=307", body=b"x", writes=True).status == 200


def test_a_redirect_circle_ends() -> None:
    calls = []

    def around(line: socket.socket, _number: int) -> None:
        while line.recv(65536):
            calls.append(1)
            line.sendall(b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n")

    with talking(around) as url, pytest.raises(Unsupported) as caught:
        out(url).send("GET", url)
    assert caught.value.code == "net.redirects"
    assert len(calls) == 4


@pytest.mark.parametrize("value", ["a\r\nX-Evil: 1", "a\nb", "\x00"])
def test_a_header_cannot_smuggle_another(base: str, value: str) -> None:
    with pytest.raises(Unsupported) as caught:
        out(base).send("GET", f"{base}/echo", headers={"X-Key": value})
    assert caught.value.code == "net.bad_header"
    assert SEEN == []


def test_errors_tell_neither_query_nor_secret() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    egress = out(url, secrets=["s3cret"])
    with pytest.raises(Transient) as caught:
        egress.send("GET", f"{url}/hook/s3cret?key=hidden")
    for language in ("en", "zh"):
        said = " ".join(tell(caught.value, language))
        assert "/hook/***" in said
        assert "s3cret" not in said
        assert "hidden" not in said
    assert "s3cret" not in str(caught.value)


def test_made_from_a_connection_document(base: str) -> None:
    document = Connection(connection="crm", connector="rest", settings={"url": base, "deep": [{"login": base}]})
    egress = Egress.of(Env(), document, document.settings)
    assert egress.send("GET", f"{base}/echo").status == 200
    with pytest.raises(Unsupported):
        egress.send("GET", "https://elsewhere.example/")
    egress.close()
    with pytest.raises(Transient):
        egress.send("GET", f"{base}/echo")


def test_the_environment_cannot_reroute_calls(base: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")
    assert out(base).send("GET", f"{base}/echo").status == 200

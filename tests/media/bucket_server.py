"""A tiny S3 on 127.0.0.1: objects by PUT, GET, HEAD and DELETE, each signature checked by the rules of AWS."""

import hashlib
import hmac
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote

KEY_ID, SECRET, REGION, BUCKET = "AKIDexample", "s/e+cret", "ap-guangzhou", "shop"


@dataclass
class BucketServer:
    """`objects` by path; `requests` as `PUT /path`; `fault` is an HTTP status, `hang` or `cut`."""

    address: str = ""
    objects: dict[str, tuple[bytes, dict[str, str]]] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    fault: str = ""
    released: threading.Event = field(default_factory=threading.Event)

    @property
    def location(self) -> str:
        options = f"region={REGION}&addressing=path&endpoint={self.address}"
        return f"s3://{KEY_ID}:{quote(SECRET, safe='')}@{BUCKET}/v1?{options}"


@contextmanager
def bucket_server() -> Iterator[BucketServer]:
    seen = BucketServer()

    class Handler(_Handler):
        bucket = seen

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    seen.address = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield seen
    finally:
        seen.released.set()
        server.shutdown()
        thread.join(5)
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    bucket: BucketServer
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Nothing."""

    def _begin(self) -> bytes | None:
        """The body of a request that is to be served; None when it was answered."""
        body = self.rfile.read(int(self.headers.get("content-length", "0")))
        self.bucket.requests.append(f"{self.command} {self.path}")
        if self.bucket.fault == "hang":
            self.bucket.released.wait(10)
            self.close_connection = True
            return None
        if self.bucket.fault.isdecimal():
            self._answer(int(self.bucket.fault), b"<Error><Message>broken</Message></Error>")
            return None
        if not self._is_signed(body):
            self._answer(403, b"<Error><Code>SignatureDoesNotMatch</Code></Error>")
            return None
        return body

    def do_PUT(self) -> None:
        if (body := self._begin()) is not None:
            self.bucket.objects[self.path] = body, {name.lower(): value for name, value in self.headers.items()}
            self._answer(200, b"", {"ETag": '"1"'})

    def do_GET(self) -> None:
        if self._begin() is None:
            return
        if self.path not in self.bucket.objects:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>")
            return
        content, given = self.bucket.objects[self.path]
        headers = {
            "ETag": '"1"',
            "Last-Modified": "Thu, 01 Jan 2026 00:00:00 GMT",
            "Content-Type": given["content-type"],
        }
        if self.bucket.fault == "cut":
            self._answer(200, content[:10], headers, length=len(content))
            self.close_connection = True
        else:
            self._answer(200, content, headers)

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_DELETE(self) -> None:
        if self._begin() is not None:
            self.bucket.objects.pop(self.path, None)
            self._answer(204, b"")

    def _answer(
        self, status: int, body: bytes, headers: dict[str, str] | None = None, length: int | None = None
    ) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        if status != 204:
            self.send_header("Content-Length", str(len(body) if length is None else length))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _is_signed(self, body: bytes) -> bool:
        """Signature version 4, from the request as it arrived and with no token of a session."""
        algorithm, _, rest = self.headers.get("authorization", "").partition(" ")
        parts = dict(part.strip().split("=", 1) for part in rest.split(",") if "=" in part)
        sent_hash = self.headers.get("x-amz-content-sha256", "")
        moment = self.headers.get("x-amz-date", "")
        scope = f"{moment[:8]}/{REGION}/s3/aws4_request"
        signed = parts.get("SignedHeaders", "")
        lines = "".join(f"{name}:{(self.headers[name] or '').strip()}\n" for name in signed.split(";"))
        request = f"{self.command}\n{self.path}\n\n{lines}\n{signed}\n{sent_hash}"
        to_sign = f"{algorithm}\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
        key = f"AWS4{SECRET}".encode()
        for part in scope.split("/"):
            key = hmac.digest(key, part.encode(), "sha256")
        return (
            parts.get("Credential") == f"{KEY_ID}/{scope}"
            and hmac.compare_digest(parts.get("Signature", ""), hmac.new(key, to_sign.encode(), "sha256").hexdigest())
            and sent_hash == hashlib.sha256(body).hexdigest()
            and not {"x-amz-security-token", "x-amz-request-payer"} & {name.lower() for name in self.headers}
            and abs(time.time() - _seconds(moment)) < 300
        )


def _seconds(moment: str) -> float:
    return datetime.strptime(moment, "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC).timestamp()

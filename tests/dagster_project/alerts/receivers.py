"""Local servers that take what channels send, and misbehave where told to."""

from __future__ import annotations

import ipaddress
import json
import socket
import socketserver
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email import policy
from email.message import EmailMessage
from email.parser import BytesParser
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

POLL_SECONDS = 0.01


@dataclass
class Hook:
    """A webhook.

    Attributes:
        url: Where it listens, with what stands for a secret in its path.
        answers: Statuses still to be given; 200 once they are used up.
        got: Documents, whatever was answered.
        headers: Theirs.
        delay_seconds: How long an answer takes.
    """

    url: str
    answers: list[int] = field(default_factory=list)
    got: list[dict[str, Any]] = field(default_factory=list)
    headers: list[dict[str, str]] = field(default_factory=list)
    delay_seconds: float = 0.0


@contextmanager
def webhook() -> Iterator[Hook]:
    """Run a webhook on a port of its own."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            hook.got.append(json.loads(body))
            hook.headers.append({k.lower(): v for k, v in self.headers.items()})
            time.sleep(hook.delay_seconds)
            status = hook.answers.pop(0) if hook.answers else 200
            self.send_response(status)
            if status == 429:
                self.send_header("Retry-After", "7")
            if status == 302:
                self.send_header("Location", f"{hook.url}/elsewhere")
            self.end_headers()
            self.wfile.write(b"SECRET says the server")

        def log_message(self, *_: Any) -> None:
            pass

        def finish(self) -> None:
            # who asked may have gone away
            with suppress(OSError):
                super().finish()

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        hook = Hook(f"http://127.0.0.1:{server.server_address[1]}/T0/SECRET")
        threading.Thread(
            target=server.serve_forever, args=(POLL_SECONDS,), daemon=True
        ).start()
        yield hook
        server.shutdown()


@dataclass
class Mailbox:
    """A mail server.

    Attributes:
        port: Where it listens.
        answers: By command, a reply to give in place of the good one, once each.
        mails: What was taken.
        said: Every line that came outside a mail.
    """

    port: int = 0
    answers: dict[str, list[str]] = field(default_factory=dict)
    mails: list[EmailMessage] = field(default_factory=list)
    said: list[str] = field(default_factory=list)


@contextmanager
def mailbox(
    security: str = "none", tls: ssl.SSLContext | None = None
) -> Iterator[Mailbox]:
    """Run a mail server on a port of its own, encrypted at once or when asked."""
    box = Mailbox()
    offers = ["250-STARTTLS"] if security == "starttls" else []

    class Handler(socketserver.StreamRequestHandler):
        good: ClassVar = {
            "EHLO": "\r\n".join(["250-here", *offers, "250 AUTH PLAIN"]),
            "AUTH": "235 welcome",
            "MAIL": "250 ok",
            "RCPT": "250 ok",
            "RSET": "250 ok",
            "DATA": "354 go on",
            "QUIT": "221 bye",
        }

        def handle(self) -> None:
            self.reply("220 here")
            while line := self.rfile.readline().decode().strip():
                box.said.append(line)
                word = line[:4].upper()
                if word == "STAR" and security == "starttls" and tls:
                    self.reply("220 go on")
                    self.request = tls.wrap_socket(self.request, server_side=True)
                    self.setup()
                    continue
                planned = box.answers.get(word)
                reply = planned.pop(0) if planned else self.good.get(word, "502 no")
                self.reply(reply)
                if word == "QUIT":
                    return
                if reply.startswith("354"):
                    box.mails.append(self.mail())
                    self.reply("250 taken")

        def mail(self) -> EmailMessage:
            lines = []
            while (line := self.rfile.readline()) != b".\r\n":
                lines.append(line.removeprefix(b".") if line[:2] == b".." else line)
            return BytesParser(EmailMessage, policy=policy.default).parsebytes(
                b"".join(lines)
            )

        def reply(self, text: str) -> None:
            self.wfile.write(f"{text}\r\n".encode())

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True

        def get_request(self) -> tuple[socket.socket, Any]:
            accepted, address = super().get_request()
            if tls and security == "tls":
                accepted = tls.wrap_socket(accepted, server_side=True)
            return accepted, address

        def handle_error(self, *_: Any) -> None:
            pass

    with Server(("127.0.0.1", 0), Handler) as server:
        box.port = server.server_address[1]
        threading.Thread(
            target=server.serve_forever, args=(POLL_SECONDS,), daemon=True
        ).start()
        yield box
        server.shutdown()


def certificate(folder: Path) -> Path:
    """Write a key and a certificate for this machine that nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = datetime.now(UTC)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = folder / "certificate.pem"
    path.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
        + made.public_bytes(serialization.Encoding.PEM)
    )
    return path


def closed_port() -> int:
    """Return a port nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port

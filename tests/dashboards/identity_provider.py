"""An OpenID provider on loopback, which signs in whom a test chose, without a password.

It asks of a client what a careful one asks: a known redirect address, the client's
secret, a code used once, and proof that who redeems it is who began (PKCE).
"""

from __future__ import annotations

import json
import secrets
import threading
import time
from base64 import b64decode
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final
from urllib.parse import parse_qs, unquote, urlencode, urlsplit

from authlib.oauth2.rfc7636 import create_s256_code_challenge
from joserfc import jwt
from joserfc.jwk import RSAKey

CLIENT_ID: Final = "postorder"
HOUR: Final = 3600


@dataclass(frozen=True)
class Person:
    """Who is signed in next.

    Attributes:
        email: Their e-mail.
        claims: What the identity token says beside it, or instead of what it would.
        seconds: How long the token is good for.
    """

    email: str
    claims: dict[str, object] = field(default_factory=dict)
    seconds: float = HOUR


@dataclass
class IdentityProvider:
    """A running provider; tests change it while it runs.

    Attributes:
        issuer: Its address.
        person: Who is signed in next; nobody is where a test expects no login.
        redirect_uri: Where browsers may be sent back to.
        signing_key: What tokens are signed with; the published one, unless a test
            forges.
        ends: When the last token ends, in seconds since 1970.
        logouts: The requests to end a session, each by its parameters.
    """

    issuer: str
    redirect_uri: str = ""
    person: Person | None = None
    client_secret: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    published_key: RSAKey = field(default_factory=lambda: new_key())
    signing_key: RSAKey | None = None
    ends: float = 0
    logouts: list[dict[str, str]] = field(default_factory=list)
    _begun: dict[str, dict[str, str]] = field(default_factory=dict)

    def discovery(self) -> dict[str, object]:
        """Return what a client has to know."""
        return {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "jwks_uri": f"{self.issuer}/keys",
            "end_session_endpoint": f"{self.issuer}/logout",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "code_challenge_methods_supported": ["S256"],
        }

    def authorize(self, asked: dict[str, str]) -> str | None:
        """Sign the person in and return where to; ``None`` where nothing may be."""
        if (
            self.person is None
            or asked.get("client_id") != CLIENT_ID
            or asked.get("redirect_uri") != self.redirect_uri
            or asked.get("response_type") != "code"
            or asked.get("code_challenge_method") != "S256"
            or "openid" not in asked.get("scope", "").split()
        ):
            return None
        code = secrets.token_urlsafe()
        self._begun[code] = asked
        back = urlencode({"code": code, "state": asked["state"]})
        return f"{self.redirect_uri}?{back}"

    def redeem(self, asked: dict[str, str], client: str) -> dict[str, object] | None:
        """Return the tokens of a code; ``None`` where it is not good."""
        begun = self._begun.pop(asked.get("code", ""), None)
        if (
            begun is None
            or self.person is None
            or client != f"{CLIENT_ID}:{self.client_secret}"
            or asked.get("redirect_uri") != self.redirect_uri
            or create_s256_code_challenge(asked.get("code_verifier", ""))
            != begun["code_challenge"]
        ):
            return None
        now = time.time()
        self.ends = now + self.person.seconds
        claims = {
            "iss": self.issuer,
            "aud": CLIENT_ID,
            "sub": self.person.email,
            "iat": int(now),
            "exp": self.ends,
            "nonce": begun["nonce"],
            "email": self.person.email,
            "email_verified": True,
        } | self.person.claims
        header = {"alg": "RS256", "kid": self.published_key.kid}
        key = self.signing_key or self.published_key
        return {
            "access_token": secrets.token_urlsafe(),
            "token_type": "Bearer",
            "expires_in": int(self.person.seconds),
            "id_token": jwt.encode(header, claims, key),
        }

    def log_out(self, asked: dict[str, str]) -> str | None:
        """End the session and return where to."""
        self.logouts.append(asked)
        back = asked.get("post_logout_redirect_uri")
        return back if back == self.redirect_uri else None


def new_key() -> RSAKey:
    """Return a key to sign with."""
    return RSAKey.generate_key(2048, {"use": "sig", "alg": "RS256"}, auto_kid=True)


@contextmanager
def running() -> Iterator[IdentityProvider]:
    """Run a provider on a free port of loopback."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    provider = IdentityProvider(f"http://127.0.0.1:{server.server_port}")
    server.RequestHandlerClass = _handler_of(provider)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _handler_of(provider: IdentityProvider) -> type[BaseHTTPRequestHandler]:
    """Return what answers the requests to a provider."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            address = urlsplit(self.path)
            asked = _first_of_each(address.query)
            match address.path:
                case "/.well-known/openid-configuration":
                    self._say(provider.discovery())
                case "/keys":
                    key = provider.published_key.as_dict(private=False)
                    self._say({"keys": [key]})
                case "/authorize":
                    self._send_to(provider.authorize(asked))
                case "/logout":
                    self._send_to(provider.log_out(asked))
                case _:
                    self.send_error(404)

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            kind, _, client = self.headers.get("Authorization", "").partition(" ")
            tokens = provider.redeem(
                _first_of_each(body),
                unquote(b64decode(client).decode()) if kind == "Basic" else "",
            )
            if tokens is None:
                self._say({"error": "invalid_grant"}, status=400)
            else:
                self._say(tokens)

        def log_message(self, *_: object) -> None:
            """Keep the tests' output quiet."""

        def _say(self, answer: dict[str, object], status: int = 200) -> None:
            body = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Cache-Control", "no-store")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def _send_to(self, address: str | None) -> None:
            if address is None:
                self.send_error(400)
                return
            self.send_response(302)
            self.send_header("Location", address)
            self.send_header("Content-Length", "0")
            self.end_headers()

    return Handler


def _first_of_each(query: str) -> dict[str, str]:
    """Return the parameters of a request."""
    return {name: values[0] for name, values in parse_qs(query).items()}

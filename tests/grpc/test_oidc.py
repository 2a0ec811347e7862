"""Tokens that an identity provider signs, with its keys at a real address."""

from __future__ import annotations

import base64
import datetime as dt
import hmac
import json
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from service_case import NOW, refusal

from alloc.errors import InputError
from alloc.v1 import allocation_pb2 as messages
from alloc.v1 import allocation_service_pb2 as pb
from alloc_server import oidc
from alloc_server.access import load_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from service_case import Service

    from alloc.errors import AllocError

ISSUER, AUDIENCE = "https://login.example.org/finance", "alloc"
SCOPES = """
[[oidc.scope]]
name = "alloc.read.fr01"
entities = ["FR01"]
rights = ["read"]
[[oidc.scope]]
name = "alloc.post.fr02"
entities = ["FR02"]
rights = ["post"]
[[oidc.scope]]
name = "alloc.post.fr01"
entities = ["FR01"]
rights = ["post"]
"""


class Keys:
    """An identity provider: its private keys, and the address of the public ones."""

    def __init__(self) -> None:
        self.private = {"one": rsa.generate_private_key(65537, 2048)}
        self.published = ["one"]
        self.asked = 0
        keys = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                keys.asked += 1
                body = json.dumps(keys.public()).encode()
                self.send_response(200)
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever)
        self.thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_port}/keys"

    def public(self) -> dict[str, Any]:
        return {
            "keys": [
                jwt.get_algorithm_by_name(self.algorithm(name)).to_jwk(
                    self.private[name].public_key(), as_dict=True
                )
                | {"kid": name, "use": "sig", "alg": self.algorithm(name)}
                for name in self.published
            ]
        }

    def algorithm(self, name: str) -> str:
        is_rsa = isinstance(self.private[name], rsa.RSAPrivateKey)
        return "RS256" if is_rsa else "ES256"

    def sign(self, key: str = "one", **change: Any) -> str:
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": "anna",
            "exp": int(NOW.timestamp()) + 300,
            "scope": "openid alloc.read.fr01 alloc.post.fr01",
        } | change
        claims = {name: value for name, value in claims.items() if value is not None}
        algorithm = self.algorithm(key)
        headers = {"kid": key}
        return jwt.encode(claims, self.private[key], algorithm, headers=headers)

    def close(self) -> None:
        self.server.shutdown()
        self.thread.join()
        self.server.server_close()


@pytest.fixture
def keys() -> Iterator[Keys]:
    provider = Keys()
    yield provider
    provider.close()


@pytest.fixture
def asked(service: Service, keys: Keys) -> Service:
    """A service that takes tokens of the provider too."""
    service.tokens.write_text(
        f'[oidc]\nname = "corp"\nissuer = "{ISSUER}"\naudience = "{AUDIENCE}"\n'
        f'jwks_url = "{keys.url}"\n{SCOPES}'
    )
    return service


def explained(service: Service, token: str, entity: str = "FR01") -> AllocError:
    """Ask for a payment that is not there: who may ask is told so."""
    request = pb.ExplainRequest(entity=entity, payment_id="X")
    return refusal(lambda: service.client(token).allocation.Explain(request))


def test_a_scope_gives_its_rights_on_its_entities(asked: Service, keys: Keys) -> None:
    token = keys.sign()
    assert explained(asked, token).reason == "PAYMENT_UNKNOWN"
    assert explained(asked, token, "FR02").reason == "ENTITY_FORBIDDEN"
    answer = asked.client(token).allocation.Post(
        pb.PostRequest(
            entity="FR01",
            idempotency_key="K1",
            payment_id=asked.payment_id("B1"),
            choice=messages.Choice(on_account_of="C1"),
        )
    )
    last = asked.read(lambda ledger: ledger.journal().entries.to_pylist()[-1])
    assert (last["decision_id"], last["posted_by"]) == (answer.decision_id, "corp:anna")
    assert keys.asked == 1


def test_scopes_do_not_mix_their_entities(asked: Service, keys: Keys) -> None:
    token = keys.sign(scope="alloc.read.fr01 alloc.post.fr02")
    refused = refusal(
        lambda: asked.client(token).allocation.Post(
            pb.PostRequest(entity="FR01", idempotency_key="K1", payment_id="X")
        )
    )
    assert refused.reason == "ENTITY_FORBIDDEN"
    assert explained(asked, keys.sign(scope="openid")).reason == "RIGHT_MISSING"
    assert explained(asked, keys.sign(scope=None)).reason == "RIGHT_MISSING"


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"aud": "another"}, "TOKEN_UNKNOWN"),
        ({"iss": "https://evil.example.org"}, "TOKEN_UNKNOWN"),
        ({"exp": int(NOW.timestamp()) - 60}, "TOKEN_EXPIRED"),
        ({"exp": None}, "TOKEN_UNKNOWN"),
        ({"exp": "soon"}, "TOKEN_UNKNOWN"),
        ({"nbf": int(NOW.timestamp()) + 600}, "TOKEN_UNKNOWN"),
        ({"sub": None}, "TOKEN_UNKNOWN"),
        ({"sub": "a\nb"}, "TOKEN_UNKNOWN"),
    ],
)
def test_a_token_for_others_is_refused(
    asked: Service, keys: Keys, change: dict[str, Any], reason: str
) -> None:
    refused = explained(asked, keys.sign(**change))
    assert refused.reason == reason
    assert refused.metadata["status"] == "UNAUTHENTICATED"


def signed_with_secret(claims: dict[str, Any], secret: bytes) -> str:
    """Sign as PyJWT refuses to: with a public key in the place of a secret."""
    parts = [{"alg": "HS256", "kid": "one", "typ": "JWT"}, claims]
    body = b".".join(
        base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=")
        for part in parts
    )
    mark = base64.urlsafe_b64encode(hmac.digest(secret, body, "sha256")).rstrip(b"=")
    return (body + b"." + mark).decode()


def test_nobody_signs_without_the_private_key(asked: Service, keys: Keys) -> None:
    claims = jwt.decode(keys.sign(), options={"verify_signature": False})
    public = keys.private["one"].public_key()
    secret = public.public_bytes(
        serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    keys.private["two"] = rsa.generate_private_key(65537, 2048)
    forged = [
        jwt.encode(claims, None, "none", headers={"kid": "one"}),
        signed_with_secret(claims, secret),
        jwt.encode(claims, keys.private["two"], "RS256", headers={"kid": "one"}),
        keys.sign("two"),
        keys.sign()[:-4] + "AAAA",
        "no.token.at-all",
        "none",
    ]
    for token in forged:
        assert explained(asked, token).reason == "TOKEN_UNKNOWN"


def test_our_own_tokens_hold_beside_it(asked: Service, keys: Keys) -> None:
    assert explained(asked, asked.token("erp")).reason == "PAYMENT_UNKNOWN"
    assert explained(asked, keys.sign()).reason == "PAYMENT_UNKNOWN"


def test_a_new_key_is_found_and_an_old_one_forgotten(
    asked: Service, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = keys.sign()
    assert explained(asked, old).reason == "PAYMENT_UNKNOWN"
    keys.private["two"] = ec.generate_private_key(ec.SECP256R1())
    keys.published = ["two"]
    assert explained(asked, keys.sign("two")).reason == "TOKEN_UNKNOWN"
    assert keys.asked == 1
    monkeypatch.setattr(oidc, "_AGAIN_SECONDS", 0)
    assert explained(asked, keys.sign("two")).reason == "PAYMENT_UNKNOWN"
    assert explained(asked, old).reason == "TOKEN_UNKNOWN"


def test_a_provider_that_is_away_is_named(
    asked: Service, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(oidc, "_AGAIN_SECONDS", 0)
    keys.published = []
    refused = explained(asked, keys.sign())
    assert refused.reason == "TOKEN_KEYS_UNAVAILABLE"
    assert refused.metadata["status"] == "UNAVAILABLE"
    keys.published = ["one"]
    assert explained(asked, keys.sign()).reason == "PAYMENT_UNKNOWN"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('jwks_url = "http://keys.example.org"', "https"),
        ('jwks_url = "https://x"\nname = "a:b"', "name"),
        ('jwks_url = "https://x"\nname = "corp"', "issuer"),
        ('jwks_url = "https://x"\nname = "corp"', "oidc.scope"),
    ],
)
def test_a_provider_that_is_badly_described_is_refused(
    tmp_path: Path, text: str, told: str
) -> None:
    path = tmp_path / "tokens.toml"
    path.write_text(f"[oidc]\n{text}\n")
    with pytest.raises(InputError, match=told) as wrong:
        load_tokens(path)
    assert wrong.value.reason == "TOKENS_INVALID"


def test_clocks_may_differ_a_little(asked: Service, keys: Keys) -> None:
    asked.now = lambda: NOW + dt.timedelta(seconds=310)
    assert explained(asked, keys.sign()).reason == "PAYMENT_UNKNOWN"
    asked.now = lambda: NOW + dt.timedelta(seconds=331)
    assert explained(asked, keys.sign()).reason == "TOKEN_EXPIRED"

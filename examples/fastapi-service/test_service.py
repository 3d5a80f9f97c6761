"""Against a running service. BASE_URL is the service, AUDIENCE its name, TOKENS a JSON object: the tokens "user" and
"administrator" are good, each one of "refused" is not."""
import base64
import json
import os

import httpx
import pytest

BASE_URL = os.environ["BASE_URL"]
AUDIENCE = os.environ["AUDIENCE"]
TOKENS = json.loads(os.environ["TOKENS"])
REFUSED: dict[str, str] = TOKENS["refused"]


def ask(path: str, *authorization: str) -> httpx.Response:
    headers = [(b"Authorization", value.encode("latin-1")) for value in authorization]
    return httpx.get(f"{BASE_URL}{path}", headers=headers, timeout=10)


def ask_with(path: str, token: str) -> httpx.Response:
    return ask(path, f"Bearer {token}")


def is_refused(answer: httpx.Response) -> bool:
    return answer.status_code == 401 and 'error="invalid_token"' in answer.headers["www-authenticate"]


def encode(value: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def decode(part: str) -> dict[str, object]:
    return json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))


def test_knows_who_calls_and_never_tells_the_token() -> None:
    answer = ask_with("/whoami", TOKENS["user"])
    assert answer.status_code == 200
    credential = answer.json()["credential"]
    assert AUDIENCE in credential["audience"]
    assert credential["subject"] == decode(TOKENS["user"].split(".")[1])["sub"]
    assert "user" in credential["roles"]
    assert "eyJ" not in answer.text


def test_lets_an_administrator_see_the_report_and_nobody_else() -> None:
    assert ask_with("/admin", TOKENS["administrator"]).status_code == 200
    assert ask_with("/admin", TOKENS["user"]).status_code == 403


@pytest.mark.parametrize("authorization", [[], ["Basic YTpi"], ["Bearer"]])
def test_asks_for_a_token_without_an_error_code(authorization: list[str]) -> None:
    answer = ask("/whoami", *authorization)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("kind", REFUSED)
def test_refuses_a_token_of_another_kind(kind: str) -> None:
    assert is_refused(ask_with("/whoami", REFUSED[kind]))


@pytest.mark.parametrize("token", ["x", "a.b.c", "a.b.c.d.e", "eyJ", "..", "e30.e30.", "\u00e9.\u00e9.\u00e9"])
def test_refuses_what_is_no_token(token: str) -> None:
    assert is_refused(ask_with("/whoami", token))


def test_refuses_two_tokens_at_once() -> None:
    assert is_refused(ask("/whoami", f"Bearer {TOKENS['user']}", f"Bearer {TOKENS['administrator']}"))


def test_refuses_a_token_whose_claims_were_changed() -> None:
    header, claims, signature = TOKENS["user"].split(".")
    forged = encode(decode(claims) | {"roles": ["admin"], "realm_access": {"roles": ["admin"]}})
    assert is_refused(ask_with("/admin", f"{header}.{forged}.{signature}"))


@pytest.mark.parametrize("changes", [{"alg": "none"}, {"alg": "HS256"}, {"alg": "ES256"}, {"kid": "other"}, {"kid": 1}])
def test_refuses_a_token_whose_header_was_changed(changes: dict[str, object]) -> None:
    header, claims, signature = TOKENS["user"].split(".")
    assert is_refused(ask_with("/admin", f"{encode(decode(header) | changes)}.{claims}.{signature}"))
    assert is_refused(ask_with("/admin", f"{encode(decode(header) | changes)}.{claims}."))

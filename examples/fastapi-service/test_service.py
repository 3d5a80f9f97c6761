"""Against a running gateway: BASE_URL is the service itself, TOKENS a JSON object of tokens by what they are."""
import base64
import json
import os

import httpx
import pytest

BASE_URL = os.environ["BASE_URL"]
TOKENS: dict[str, str] = json.loads(os.environ["TOKENS"])


def ask(path: str, token: str | None) -> httpx.Response:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return httpx.get(f"{BASE_URL}{path}", headers=headers, timeout=10)


def test_knows_who_calls() -> None:
    answer = ask("/whoami", TOKENS["user"])
    assert answer.status_code == 200
    assert answer.json()["credential"]["aud"] == "fastapi"


def test_lets_an_administrator_see_the_report_and_nobody_else() -> None:
    assert ask("/admin", TOKENS["administrator"]).status_code == 200
    assert ask("/admin", TOKENS["user"]).status_code == 403


def test_asks_for_a_token_without_an_error_code() -> None:
    answer = ask("/whoami", None)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


@pytest.mark.parametrize("kind", ["other_audience", "access_token", "id_token"])
def test_refuses_a_token_of_another_kind(kind: str) -> None:
    answer = ask("/whoami", TOKENS[kind])
    assert answer.status_code == 401
    assert 'error="invalid_token"' in answer.headers["www-authenticate"]


def test_refuses_a_token_whose_claims_were_changed() -> None:
    header, claims, signature = TOKENS["user"].split(".")
    decoded = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    forged = base64.urlsafe_b64encode(json.dumps(decoded | {"roles": ["admin"]}).encode()).rstrip(b"=").decode()
    assert ask("/admin", f"{header}.{forged}.{signature}").status_code == 401

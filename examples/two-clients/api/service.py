"""The guard on the tenth floor: a client of its own, which checks the card it is handed in two ways.

By key set it computes: nobody is asked, and a card is good until it ends. By introspection it asks the realm about each
card, under its own name and secret: the card of somebody who has logged out is worth nothing at once.
"""
import os
import time
from typing import Annotated, Any, Callable

import httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

REALM = os.environ.get("REALM_ISSUER", "http://localhost:8080/realms/main")
GUARD = ("guard", os.environ["GUARD_CLIENT_SECRET"])
KEYS = jwt.PyJWKClient(f"{REALM}/protocol/openid-connect/certs", timeout=5)
REQUIRED = ["iss", "aud", "sub", "exp", "typ"]
Claims = dict[str, Any]

app = FastAPI()
# No service should keep a card. This one does, so that its front end can show what becomes of one after a logout.
last_card = {"card": ""}


def by_key_set(card: str) -> Claims:
    key = KEYS.get_signing_key_from_jwt(card)
    return jwt.decode(card, key, ["RS256"], audience=GUARD[0], issuer=REALM, leeway=5, options={"require": REQUIRED})


def by_introspection(card: str) -> Claims:
    form = {"token": card, "token_type_hint": "access_token"}
    answer = httpx.post(f"{REALM}/protocol/openid-connect/token/introspect", data=form, auth=GUARD, timeout=5)
    claims: Claims = answer.raise_for_status().json()
    audience = claims.get("aud", [])
    if claims.get("active") is not True:
        raise jwt.InvalidTokenError("The realm says that it is not active")
    if GUARD[0] not in ([audience] if isinstance(audience, str) else audience):
        raise jwt.InvalidAudienceError("It is for somebody else")
    return claims


def check(way: Callable[[str], Claims], card: str) -> Claims:
    try:
        claims = way(card)
    except (jwt.PyJWKClientConnectionError, httpx.HTTPError) as error:
        raise HTTPException(503, "The realm cannot be asked at the moment.", {"Retry-After": "5"}) from error
    # The realm signs ID tokens with the same keys; a card bound to a key (`cnf`) needs a proof that nothing here checks.
    if claims.get("typ") != "Bearer" or "cnf" in claims:
        raise jwt.InvalidTokenError("It is not an access token")
    return claims


def describe(card: str) -> dict[str, Claims]:
    told = {}
    for name, way in {"byKeySet": by_key_set, "byIntrospection": by_introspection}.items():
        try:
            claims = check(way, card)
            left = round(claims["exp"] - time.time())
            told[name] = {"good": True, "says": f"good for {GUARD[0]}, {left} s left"}
        except jwt.PyJWTError as error:
            told[name] = {"good": False, "says": str(error)}
    return told


def bearer(request: Request) -> str:
    scheme, _, card = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401, "Send an access token.", {"WWW-Authenticate": "Bearer"})
    return card


Card = Annotated[str, Depends(bearer)]


@app.get("/card")
def card(card: Card) -> Claims:
    last_card["card"] = card
    return describe(card)


@app.get("/last-card")
def last() -> Claims | None:
    return describe(last_card["card"]) if last_card["card"] else None


@app.get("/vault")
def vault(card: Card) -> Claims:
    try:
        claims = check(by_introspection, card)
    except jwt.PyJWTError as error:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise HTTPException(401, "This card is not good here.", challenge) from error
    if "admin" not in claims.get("realm_access", {}).get("roles", []):
        challenge = {"WWW-Authenticate": 'Bearer error="insufficient_scope"'}
        raise HTTPException(403, "The vault is for the role admin.", challenge)
    return {"says": "3 bars of gold"}

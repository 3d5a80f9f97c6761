"""A service in FastAPI behind Doorman: it checks the token it is sent and knows who calls.

With DOORMAN_URL it takes internal tokens of that gateway. With INTROSPECTION_URL it asks the realm about each access
token instead, under its own client and secret.
"""
import os
from typing import Annotated, Any

import httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

AUDIENCE = os.environ.get("AUDIENCE", "fastapi")
ISSUER = os.environ.get("DOORMAN_URL", "")
INTROSPECTION_URL = os.environ.get("INTROSPECTION_URL")
KEYS = jwt.PyJWKClient(os.environ.get("JWKS_URL", f"{ISSUER}/.well-known/jwks.json"), timeout=5)
REQUIRED = ["iss", "aud", "sub", "exp", "iat", "jti", "client_id"]

app = FastAPI()


def refuse(status: int, challenge: str, message: str) -> HTTPException:
    return HTTPException(status, message, {"WWW-Authenticate": challenge, "Cache-Control": "no-store"})


def verify(token: str) -> dict[str, Any]:
    # PyJWT does not look at `typ` by itself: without this line an ID token of the same issuer would do.
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("not an access token")
    key = KEYS.get_signing_key_from_jwt(token)
    return jwt.decode(token, key, ["RS256"], audience=AUDIENCE, issuer=ISSUER, options={"require": REQUIRED})


def introspect(token: str) -> dict[str, Any]:
    client = (os.environ["CLIENT_ID"], os.environ["CLIENT_SECRET"])
    answer = httpx.post(str(INTROSPECTION_URL), data={"token": token}, auth=client, timeout=5).raise_for_status().json()
    audience = answer.get("aud", [])
    if answer.get("active") is not True or AUDIENCE not in ([audience] if isinstance(audience, str) else audience):
        raise jwt.InvalidTokenError("not active, or for somebody else")
    return answer


def caller(request: Request) -> dict[str, Any]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise refuse(401, "Bearer", "Send an access token as a bearer token.")
    try:
        return introspect(token) if INTROSPECTION_URL else verify(token)
    except (jwt.PyJWKClientConnectionError, httpx.HTTPError) as error:
        raise HTTPException(503, "The issuer cannot be asked at the moment.", {"Retry-After": "5"}) from error
    except jwt.PyJWTError as error:
        raise refuse(401, 'Bearer error="invalid_token"', "The access token is not valid here.") from error


Caller = Annotated[dict[str, Any], Depends(caller)]


@app.get("/whoami")
def whoami(claims: Caller) -> dict[str, Any]:
    shown = ("iss", "aud", "sub", "client_id", "roles", "tenant")
    return {"service": "fastapi", "credential": {name: claims[name] for name in shown if name in claims}}


@app.get("/admin")
def admin(claims: Caller) -> dict[str, str]:
    if "admin" not in claims.get("roles", []):
        raise refuse(403, 'Bearer error="insufficient_scope"', "This needs the role admin.")
    return {"report": "for administrators"}

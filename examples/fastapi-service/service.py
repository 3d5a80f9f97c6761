"""A service in FastAPI behind Doorman: it checks the token it is sent and knows who calls.

With DOORMAN_URL it takes internal tokens of that gateway. With INTROSPECTION_URL it asks the realm about each access
token instead, under its own client and secret.
"""
import os
import time
from typing import Annotated, Any

import httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

AUDIENCE = os.environ.get("AUDIENCE", "fastapi")
ISSUER = os.environ.get("DOORMAN_URL", "http://localhost:4000")
INTROSPECTION_URL = os.environ.get("INTROSPECTION_URL", "")
CLIENT = (os.environ.get("CLIENT_ID", AUDIENCE), os.environ.get("CLIENT_SECRET", ""))
KEYS = jwt.PyJWKClient(os.environ.get("JWKS_URL", f"{ISSUER}/.well-known/jwks.json"), timeout=5)
REQUIRED = ["iss", "aud", "sub", "exp", "iat", "jti", "client_id"]

app = FastAPI()


def refuse(status: int, challenge: str, message: str) -> HTTPException:
    return HTTPException(status, message, {"WWW-Authenticate": challenge, "Cache-Control": "no-store"})


def verify(token: str) -> dict[str, Any]:
    # PyJWT does not look at `typ`: without this line every other token of the same issuer would do.
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("not an access token")
    key = KEYS.get_signing_key_from_jwt(token)
    return jwt.decode(token, key, ["RS256"], audience=AUDIENCE, issuer=ISSUER, leeway=5, options={"require": REQUIRED})


def introspect(token: str) -> dict[str, Any]:
    form = {"token": token, "token_type_hint": "access_token"}
    claims = httpx.post(INTROSPECTION_URL, data=form, auth=CLIENT, timeout=5).raise_for_status().json()
    audience = claims.get("aud", [])
    is_for_us = AUDIENCE in ([audience] if isinstance(audience, str) else audience)
    # Keycloak answers for an ID token as well: its `typ` is "ID".
    if claims.get("active") is not True or claims.get("typ") != "Bearer" or not is_for_us:
        raise jwt.InvalidTokenError("not active, not an access token, or for somebody else")
    return claims | {"roles": claims.get("realm_access", {}).get("roles", [])}


def caller(request: Request) -> dict[str, Any]:
    scheme, _, token = ",".join(request.headers.getlist("authorization")).partition(" ")
    if scheme.lower() != "bearer" or not token:
        raise refuse(401, "Bearer", "Send an access token as a bearer token.")
    try:
        claims = introspect(token) if INTROSPECTION_URL else verify(token)
        if "cnf" in claims:
            raise jwt.InvalidTokenError("bound to a key (DPoP, mTLS), whose proof nothing here checks")
        return claims
    except (jwt.PyJWKClientConnectionError, httpx.HTTPError, ValueError) as error:
        raise HTTPException(503, "The issuer cannot be asked at the moment.", {"Retry-After": "5"}) from error
    except jwt.PyJWTError as error:
        raise refuse(401, 'Bearer error="invalid_token"', "The access token is not valid here.") from error


Caller = Annotated[dict[str, Any], Depends(caller)]


@app.get("/whoami")
def whoami(claims: Caller) -> dict[str, Any]:
    credential = {
        "kind": "realm" if INTROSPECTION_URL else "internal",
        "issuer": claims["iss"],
        "audience": claims["aud"],
        "subject": claims["sub"],
        "clientId": claims.get("client_id"),
        "roles": claims.get("roles", []),
        "tenant": claims.get("tenant"),
        "expiresIn": round(claims["exp"] - time.time()),
    }
    return {"service": "fastapi", "framework": "FastAPI", "credential": credential}


@app.get("/admin")
def admin(claims: Caller) -> dict[str, str]:
    if "admin" not in claims.get("roles", []):
        raise refuse(403, 'Bearer error="insufficient_scope"', "This needs the role admin.")
    return {"service": "fastapi", "report": "for administrators"}

"""Stock, in Python: PyJWT and one address of keys are enough to check the card."""
import os
from typing import Annotated, Any

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

ISSUER = os.environ.get("DOORMAN_URL", "http://localhost:4000")
KEYS = jwt.PyJWKClient(f"{ISSUER}/.well-known/jwks.json", timeout=5)
REQUIRED = ["iss", "aud", "sub", "exp", "iat", "jti", "client_id"]

app = FastAPI()


def verify(token: str) -> dict[str, Any]:
    # PyJWT does not look at `typ`: without this line every other token of the gateway would do.
    if jwt.get_unverified_header(token).get("typ") != "at+jwt":
        raise jwt.InvalidTokenError("not an access token")
    key = KEYS.get_signing_key_from_jwt(token)
    claims = jwt.decode(token, key, ["RS256"], audience="stock", issuer=ISSUER, leeway=5, options={"require": REQUIRED})
    if "cnf" in claims:
        raise jwt.InvalidTokenError("bound to a key, whose proof nothing here checks")
    return claims


def caller(request: Request) -> dict[str, Any]:
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer":
        raise HTTPException(401, "Send an access token.", {"WWW-Authenticate": "Bearer"})
    try:
        return verify(token)
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, "No keys at the moment.", {"Retry-After": "5"}) from error
    except jwt.PyJWTError as error:
        challenge = {"WWW-Authenticate": 'Bearer error="invalid_token"'}
        raise HTTPException(401, "This card is not for here.", challenge) from error


@app.get("/api/stock")
def stock(claims: Annotated[dict[str, Any], Depends(caller)]) -> dict[str, Any]:
    answer = {"service": "stock", "language": "Python", "audience": claims["aud"], "person": claims.get("name")}
    return answer | {"stock": {"tea": 12, "cups": 3}}

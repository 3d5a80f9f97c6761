"""A service that knows the gateway's public keys, and no secret."""
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

GATEWAY = "https://app.example.com"
KEYS = jwt.PyJWKClient(f"{GATEWAY}/.well-known/jwks.json", timeout=5)
REQUIRED = {"require": ["iss", "aud", "sub", "exp", "iat", "jti", "client_id"]}
app = FastAPI()


def caller(request: Request) -> dict:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        if jwt.get_unverified_header(token).get("typ") != "at+jwt":
            raise jwt.InvalidTokenError("not an access token")
        key = KEYS.get_signing_key_from_jwt(token)
        return jwt.decode(token, key, ["RS256"], audience="orders", issuer=GATEWAY, leeway=5, options=REQUIRED)
    except jwt.PyJWKClientConnectionError as error:
        raise HTTPException(503, "no keys") from error
    except (jwt.InvalidTokenError, jwt.PyJWKClientError) as error:
        raise HTTPException(401, "token required") from error


@app.get("/orders")
def orders(who: dict = Depends(caller)):
    return {"orders": [], "of": who["sub"]}

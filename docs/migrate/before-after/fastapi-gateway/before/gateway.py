"""Logs people in, keeps their tokens in cookies, and sends services a token signed with a secret they share."""
import os
import secrets
import time
from urllib.parse import urlencode

import httpx
import jwt
from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.responses import RedirectResponse

ISSUER = os.environ["KEYCLOAK_ISSUER"]
CLIENT = {"client_id": "web-gateway", "client_secret": os.environ["KEYCLOAK_CLIENT_SECRET"]}
REDIRECT_URI = os.environ["PUBLIC_URL"] + "/callback"
INTERNAL_SECRET = os.environ["INTERNAL_JWT_SECRET"]
SERVICES = {"orders": os.environ["ORDERS_URL"], "stock": os.environ["STOCK_URL"]}
KEYS = jwt.PyJWKClient(f"{ISSUER}/protocol/openid-connect/certs")

app = FastAPI()
client = httpx.AsyncClient(timeout=30)


async def ask_token(form: dict) -> dict:
    answer = await client.post(f"{ISSUER}/protocol/openid-connect/token", data={**CLIENT, **form})
    if answer.status_code != 200:
        raise HTTPException(401, "login required")
    return answer.json()


def keep(response: Response, tokens: dict) -> None:
    for name in ("access_token", "refresh_token"):
        response.set_cookie(name, tokens[name], httponly=True, secure=True, samesite="lax")


def verify(access_token: str) -> dict:
    key = KEYS.get_signing_key_from_jwt(access_token)
    return jwt.decode(access_token, key, ["RS256"], issuer=ISSUER, options={"verify_aud": False})


async def identify(request: Request) -> tuple[dict, dict | None]:
    try:
        return verify(request.cookies["access_token"]), None
    except (KeyError, jwt.InvalidTokenError):
        refresh_token = request.cookies.get("refresh_token")
    if refresh_token is None:
        raise HTTPException(401, "login required")
    tokens = await ask_token({"grant_type": "refresh_token", "refresh_token": refresh_token})
    return verify(tokens["access_token"]), tokens


def mint(claims: dict) -> str:
    now = int(time.time())
    roles = claims.get("realm_access", {}).get("roles", [])
    payload = {"iss": "gateway", "sub": claims["sub"], "roles": roles, "iat": now, "exp": now + 300}
    return jwt.encode(payload, INTERNAL_SECRET, "HS256")


@app.get("/login")
async def login():
    state = secrets.token_urlsafe()
    query = {
        "client_id": CLIENT["client_id"],
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid profile email",
        "state": state,
    }
    response = RedirectResponse(f"{ISSUER}/protocol/openid-connect/auth?{urlencode(query)}")
    response.set_cookie("state", state, httponly=True, secure=True, samesite="lax")
    return response


@app.get("/callback")
async def callback(request: Request, code: str, state: str):
    if not secrets.compare_digest(state, request.cookies.get("state", "")):
        raise HTTPException(400, "unknown login")
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    response = RedirectResponse("/")
    keep(response, await ask_token(form))
    response.delete_cookie("state")
    return response


@app.get("/profile")
@app.get("/api/me")
async def me(request: Request, response: Response):
    claims, tokens = await identify(request)
    if tokens is not None:
        keep(response, tokens)
    return {name: claims.get(name) for name in ("sub", "name", "preferred_username", "email")}


@app.get("/logout")
async def logout(request: Request):
    refresh_token = request.cookies.get("refresh_token")
    if refresh_token is not None:
        form = {**CLIENT, "refresh_token": refresh_token}
        await client.post(f"{ISSUER}/protocol/openid-connect/logout", data=form)
    response = RedirectResponse("/")
    response.delete_cookie("access_token")
    response.delete_cookie("refresh_token")
    return response


@app.api_route("/api/{service}/{path:path}", methods=["GET", "POST", "PUT", "PATCH", "DELETE"])
async def forward(service: str, path: str, request: Request):
    if service not in SERVICES:
        raise HTTPException(404)
    claims, tokens = await identify(request)
    if service == "stock" and "clerk" not in claims.get("realm_access", {}).get("roles", []):
        raise HTTPException(403, "not allowed")
    headers = {"Authorization": f"Bearer {mint(claims)}"}
    if "content-type" in request.headers:
        headers["Content-Type"] = request.headers["content-type"]
    url = f"{SERVICES[service]}/{path}?{request.url.query}"
    answer = await client.request(request.method, url, content=await request.body(), headers=headers)
    response = Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))
    if tokens is not None:
        keep(response, tokens)
    return response

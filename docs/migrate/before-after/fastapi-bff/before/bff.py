"""Logs people in for a single-page app, which keeps a `sid` and sends it with every request."""
import os
import secrets
import time
from urllib.parse import urlencode

import httpx
import jwt
from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.middleware.cors import CORSMiddleware
from fastapi.responses import RedirectResponse

ISSUER = os.environ["KEYCLOAK_ISSUER"]
CLIENT = {"client_id": "dashboard", "client_secret": os.environ["KEYCLOAK_CLIENT_SECRET"]}
MODELS_ISSUER = os.environ["MODELS_ISSUER"]
MODELS_CLIENT = {"client_id": "model-api", "client_secret": os.environ["MODEL_CLIENT_SECRET"]}
MODELS_USER = {"username": "technical-user", "password": os.environ["MODELS_PASSWORD"]}
REDIRECT_URI = os.environ["PUBLIC_URL"] + "/callback"
REPORTS_URL = os.environ["REPORTS_URL"]

app = FastAPI()
app.add_middleware(CORSMiddleware, allow_origins=[os.environ["FRONTEND_URL"]], allow_methods=["*"], allow_headers=["*"])
sessions: dict[str, dict] = {}
logins: dict[str, str] = {}
client = httpx.AsyncClient(timeout=10)


async def ask_token(issuer: str, form: dict) -> dict:
    answer = await client.post(f"{issuer}/protocol/openid-connect/token", data=form)
    if answer.status_code != 200:
        raise HTTPException(401, "login required")
    tokens = answer.json()
    tokens["expires_at"] = time.time() + tokens["expires_in"]
    return tokens


async def renew(session: dict) -> None:
    form = {**CLIENT, "grant_type": "refresh_token", "refresh_token": session["refresh_token"]}
    session.update(await ask_token(ISSUER, form))


async def current_session(request: Request) -> dict:
    session = sessions.get(request.query_params.get("sid", ""))
    if session is None:
        raise HTTPException(401, "login required")
    if session["expires_at"] < time.time() + 30:
        await renew(session)
    return session


@app.get("/login")
async def login(redirect_uri: str = "/"):
    state = secrets.token_urlsafe()
    logins[state] = redirect_uri
    query = {
        "client_id": CLIENT["client_id"],
        "redirect_uri": REDIRECT_URI,
        "response_type": "code",
        "scope": "openid profile email",
        "state": state,
    }
    return RedirectResponse(f"{ISSUER}/protocol/openid-connect/auth?{urlencode(query)}")


@app.get("/callback")
async def callback(code: str, state: str):
    redirect_uri = logins.pop(state, None)
    if redirect_uri is None:
        raise HTTPException(400, "unknown login")
    form = {**CLIENT, "grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT_URI}
    sid = secrets.token_urlsafe()
    sessions[sid] = await ask_token(ISSUER, form)
    separator = "&" if "?" in redirect_uri else "?"
    return RedirectResponse(f"{redirect_uri}{separator}sid={sid}")


@app.get("/user-info")
async def user_info(session: dict = Depends(current_session)):
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    answer = await client.get(f"{ISSUER}/protocol/openid-connect/userinfo", headers=headers)
    return answer.json()


@app.get("/refresh")
async def refresh(session: dict = Depends(current_session)):
    await renew(session)
    return {"expires_in": session["expires_in"]}


@app.get("/get_model_tokens")
async def get_model_tokens(session: dict = Depends(current_session)):
    form = {**MODELS_CLIENT, **MODELS_USER, "grant_type": "password"}
    tokens = await ask_token(MODELS_ISSUER, form)
    return {"access_token": tokens["access_token"], "expires_in": tokens["expires_in"]}


@app.get("/logout")
async def logout(sid: str = "", redirect_uri: str = "/"):
    session = sessions.pop(sid, None)
    if session is not None:
        form = {**CLIENT, "refresh_token": session["refresh_token"]}
        await client.post(f"{ISSUER}/protocol/openid-connect/logout", data=form)
    return RedirectResponse(redirect_uri)


@app.api_route("/api/reports/{path:path}", methods=["GET", "POST", "PUT", "DELETE"])
async def reports(path: str, request: Request, session: dict = Depends(current_session)):
    claims = jwt.decode(session["access_token"], options={"verify_signature": False})
    if "reader" not in claims.get("realm_access", {}).get("roles", []):
        raise HTTPException(403, "not allowed")
    headers = {"Authorization": f"Bearer {session['access_token']}"}
    if "content-type" in request.headers:
        headers["Content-Type"] = request.headers["content-type"]
    url = f"{REPORTS_URL}/{path}"
    answer = await client.request(request.method, url, content=await request.body(), headers=headers)
    return Response(answer.content, answer.status_code, media_type=answer.headers.get("content-type"))

"""A service that shares the gateway's secret."""
import os

import jwt
from fastapi import Depends, FastAPI, HTTPException, Request

INTERNAL_SECRET = os.environ["INTERNAL_JWT_SECRET"]
app = FastAPI()


def caller(request: Request) -> dict:
    token = request.headers.get("authorization", "").removeprefix("Bearer ")
    try:
        return jwt.decode(token, INTERNAL_SECRET, ["HS256"], issuer="gateway")
    except jwt.InvalidTokenError as error:
        raise HTTPException(401, "token required") from error


@app.get("/orders")
def orders(who: dict = Depends(caller)):
    return {"orders": [], "of": who["sub"]}

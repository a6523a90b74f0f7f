"""A server that stores two documents in one transaction for each request: no gateway, no sign-in, no rules.

The same HTTP server, web framework, database and durability as the gate. `MONGO_URL` and the port come as arguments.
"""

import sys
from datetime import UTC, datetime

import uvicorn
from bson import ObjectId
from fastapi import FastAPI
from motor.motor_asyncio import AsyncIOMotorClient, AsyncIOMotorClientSession
from pydantic import BaseModel
from pymongo import WriteConcern
from pymongo.read_concern import ReadConcern

app = FastAPI()
client: AsyncIOMotorClient[dict[str, object]] = AsyncIOMotorClient(sys.argv[1], w="majority", journal=True)
db = client["bench_floor"]


class Scan(BaseModel):
    """The fields of a scan, unchecked."""

    token: str
    gate: str
    direction: str
    temperature_c: float
    nonce: str
    scanned_at: datetime


@app.post("/v1/scans")
async def scan(body: Scan) -> dict[str, str]:
    """Store a scan and an event."""
    key = ObjectId()

    async def store(session: AsyncIOMotorClientSession) -> None:
        row = body.model_dump()
        await db["scans"].insert_one({"_id": key, **row}, session=session)
        await db["outbox"].insert_one({"_id": key, "sent": False, "at": datetime.now(UTC), **row}, session=session)

    async with await client.start_session() as session:
        await session.with_transaction(
            store, read_concern=ReadConcern("snapshot"), write_concern=WriteConcern("majority", j=True)
        )
    return {"id": str(key), "decision": "allow"}


if __name__ == "__main__":
    uvicorn.run(app, port=int(sys.argv[2]), log_level="warning", access_log=False)

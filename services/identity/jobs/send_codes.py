"""Sends one-time codes."""

import asyncio
from contextlib import suppress
from datetime import datetime, timedelta

import structlog

from services.identity.store import Delivery, IdentityStore
from shared.errors import Transient
from shared.service import Runtime
from shared.work import Work

LEASE = timedelta(seconds=20)
MOST_TRIES = 4
SWEEP_SECONDS = 2.0

log = structlog.get_logger()


async def send_codes(runtime: Runtime) -> None:
    """Send every code that is due through the district's channel, until cancelled.

    `{phone}` in the channel's URL is the number to send to. A code is tried again until it is sent or expires; what
    remains of it is the record that it was sent.
    """
    secret = getattr(runtime.settings, "code_channel", None)
    if secret is None:
        return
    work: Work[IdentityStore] = runtime.work
    due: asyncio.Event = runtime.parts["code_due"]
    while True:
        with suppress(TimeoutError):
            await asyncio.wait_for(due.wait(), SWEEP_SECONDS)
        due.clear()
        with suppress(Transient):
            while delivery := await work.run(_take, None):
                await _send(delivery, secret.get_secret_value(), runtime, work)


async def _take(_command: None, store: IdentityStore, now: datetime) -> Delivery | None:
    return await store.next_delivery(now, LEASE)


async def _send(delivery: Delivery, channel: str, runtime: Runtime, work: Work[IdentityStore]) -> None:
    if delivery.expires_at <= runtime.clock() or delivery.phone is None or delivery.code is None:
        await work.view(lambda store: store.finish_delivery(delivery.id, "expired", None, runtime.clock()))
        return
    cabinet = runtime.parts["cabinet"]
    phone, code = cabinet.open_text(delivery.phone), cabinet.open_text(delivery.code)
    sent = await asyncio.to_thread(_notify, channel.replace("{phone}", phone), code)
    if sent:
        await work.view(lambda store: store.finish_delivery(delivery.id, "sent", None, runtime.clock()))
    elif delivery.tries >= MOST_TRIES:
        log.warning("code_not_sent", delivery=delivery.id)
        await work.view(lambda store: store.finish_delivery(delivery.id, "failed", "channel", runtime.clock()))


def _notify(channel: str, code: str) -> bool:
    # Where no code is ever sent, as in a demo, nobody has to wait for it nor to keep it in memory.
    import apprise  # noqa: PLC0415

    courier = apprise.Apprise()
    courier.add(channel)
    text = f"您的门神验证码是 {code}，10 分钟内有效。Your Menshen code is {code}, good for 10 minutes."
    return bool(courier.notify(body=text))

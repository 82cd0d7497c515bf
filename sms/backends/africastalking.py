"""Africa's Talking, by its documented HTTP interface.

Not through its SDK: that hides the status code of a refusal, takes a page of HTML for a success
(and a refused call for one, if it names no recipient), opens a connection per call and has no
limit to how long a call may take. What a reply means is in `_read`; the codes are the gateway's.
"""

import asyncio
import json
import re
import threading
from collections.abc import Sequence
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
from django.conf import settings

from sms.backends import (
    MOST_NUMBERS,
    Accepted,
    GatewayError,
    NoAnswer,
    NotSent,
    OutOfService,
    Rejected,
)

CONNECT_WITHIN = 3  # seconds
LONGEST_REPLY = 64 * 1024  # a hundred numbers take a third of it

ACCEPTED = {100, 101, 102}
OUR_FAULT = {401: "risk hold", 402: "bad sender", 405: "no balance"}
# In words for the helpdesk, beside the gateway's own.
FINAL = {
    403: "not a number that exists",
    404: "not a mobile number",
    406: "the phone's owner has blocked texts of this kind",
    407: "no network takes texts for this number",
    409: "the phone is set not to be disturbed",
}


class Backend:
    """Called from many threads. The calls themselves run in one of its own, since only there can
    a whole call be given a time: a time-out per read never ends with a server that drips."""

    calls_at_once = 10

    def __init__(self) -> None:
        self.loop = asyncio.new_event_loop()
        threading.Thread(target=self.loop.run_forever, name="gateway", daemon=True).start()
        self.client = httpx.AsyncClient(
            # a packed reply could be larger than it looks
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
            timeout=httpx.Timeout(None, connect=CONNECT_WITHIN),
            follow_redirects=False,
        )

    def send(self, numbers: Sequence[str], text: str) -> list[Accepted | GatewayError]:
        if len(numbers) > MOST_NUMBERS:
            raise ValueError(f"{len(numbers)} numbers are too many for one call")
        form = {
            "username": settings.AFRICASTALKING_USERNAME,
            "to": ",".join(f"+{number}" for number in numbers),
            "message": text,
            "bulkSMSMode": "1",
        }
        if len(numbers) > 1:
            form["enqueue"] = "1"  # or the gateway keeps us waiting while it sends
        if settings.AFRICASTALKING_SENDER:
            form["from"] = settings.AFRICASTALKING_SENDER
        try:
            status, body = asyncio.run_coroutine_threadsafe(self._post(form), self.loop).result()
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent("no connection to the gateway") from error
        except (httpx.InvalidURL, httpx.UnsupportedProtocol, httpx.LocalProtocolError) as error:
            raise OutOfService("the gateway's address or key cannot be right") from error
        except (httpx.HTTPError, TimeoutError) as error:
            raise NoAnswer("the gateway did not answer") from error
        return _read(status, body, numbers)

    async def _post(self, form: dict[str, str]) -> tuple[int, bytes]:
        key = {"apiKey": settings.AFRICASTALKING_API_KEY}
        call = self.client.stream("POST", settings.AFRICASTALKING_URL, data=form, headers=key)
        async with asyncio.timeout(settings.SMS_TIMEOUT), call as reply:
            return reply.status_code, await _head(reply)


async def _head(reply: httpx.Response) -> bytes:
    """As much as the gateway can have to say about one call."""
    body = b""
    async for chunk in reply.aiter_raw():
        body += chunk
        if len(body) > LONGEST_REPLY:
            break
    return body


def _read(status: int, body: bytes, numbers: Sequence[str]) -> list[Accepted | GatewayError]:
    """What became of each number, as the reply tells it."""
    if status in (401, 402, 403):
        raise OutOfService(f"the gateway refused our account ({status})")
    if status == 504:  # a door-keeper's: whom it asked may have sent the text
        raise NoAnswer(f"the gateway answered {status}")
    if status >= 400:
        raise NotSent(f"the gateway answered {status}")
    try:
        answer = json.loads(body)["SMSMessageData"]
        recipients = list(answer["Recipients"])
        said = str(answer.get("Message", ""))[:100]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise NoAnswer(f"the gateway answered {status} with something unreadable") from error
    if not recipients:
        raise _none_named(said)

    # The order of the reply is not promised, nor is how a number is written in it.
    became = {
        _subscriber(each.get("number")): each for each in recipients if isinstance(each, dict)
    }
    return [_outcome(became.get(_subscriber(number))) for number in numbers]


def _none_named(said: str) -> GatewayError:
    """The call was refused as a whole, with the reason in words; but is it?"""
    if sent := re.match(r"Sent to (\d+)/", said):
        if int(sent[1]):
            return NoAnswer("the gateway sent something and does not say to whom")
        return NotSent("the gateway took no number")
    return OutOfService(said or "the gateway took no number and gave no reason")


def _subscriber(number: Any) -> str:
    return "".join(filter(str.isdigit, str(number)))[-9:]


def _outcome(recipient: dict[str, Any] | None) -> Accepted | GatewayError:
    if recipient is None:
        return NoAnswer("the gateway answered, but not about this number")
    said, status = str(recipient.get("statusCode")), str(recipient.get("status", "refused"))[:60]
    code = int(said) if re.fullmatch("[0-9]{3}", said) else 0
    if code in ACCEPTED:
        return Accepted(str(recipient.get("messageId") or "")[:100], _cost(recipient.get("cost")))
    if code in OUR_FAULT:
        return OutOfService(f"{status} ({code}): {OUR_FAULT[code]}")
    if code in FINAL:
        return Rejected(f"{status} ({code}): {FINAL[code]}")
    return NotSent(f"{status} ({said})"[:100])


def _cost(said: Any) -> Decimal | None:
    """`KES 0.8000` → 0.8."""
    try:
        cost = Decimal(str(said).removeprefix("KES").strip())
    except InvalidOperation:
        return None
    return cost if cost.is_finite() and 0 <= cost < 10_000 else None

"""Africa's Talking, by its documented HTTP interface.

Not through its SDK: that hides the status code of a refusal, takes a page of HTML for a success
and opens a connection per call. What a reply means is in `_read`; the codes are the gateway's.
"""

import json
from decimal import Decimal, InvalidOperation
from typing import Any

import httpx
from django.conf import settings

from sms.backends import Accepted, NoAnswer, NotSent, OutOfService, Rejected

TIMEOUT = httpx.Timeout(10, connect=3)  # seconds, per wait
LONGEST_REPLY = 64 * 1024

ACCEPTED = {100, 101, 102}
OUR_FAULT = {401, 402, 405}  # risk hold, bad sender, no balance
FINAL = {
    403,
    404,
    406,
    407,
    409,
}  # bad or unsupported number, blocked line, no route, do-not-disturb


class Backend:
    def __init__(self) -> None:
        self.client = httpx.Client(
            headers={"apiKey": settings.AFRICASTALKING_API_KEY, "Accept": "application/json"},
            timeout=TIMEOUT,
            follow_redirects=False,
        )

    def send(self, to: str, text: str) -> Accepted:
        form = {
            "username": settings.AFRICASTALKING_USERNAME,
            "to": f"+{to}",
            "message": text,
            "bulkSMSMode": "1",
        }
        if settings.AFRICASTALKING_SENDER:
            form["from"] = settings.AFRICASTALKING_SENDER
        try:
            with self.client.stream("POST", settings.AFRICASTALKING_URL, data=form) as reply:
                body = _head(reply)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            raise NotSent("no connection to the gateway") from error
        except httpx.HTTPError as error:
            raise NoAnswer("the gateway did not answer") from error
        return _read(reply.status_code, body)


def _head(reply: httpx.Response) -> bytes:
    """No gateway has more to say about one text."""
    body = b""
    for chunk in reply.iter_bytes():
        body += chunk
        if len(body) > LONGEST_REPLY:
            break
    return body


def _read(status: int, body: bytes) -> Accepted:
    """What became of our one recipient, as the reply tells it."""
    if status in (401, 403):
        raise OutOfService(f"the gateway refused our key ({status})")
    if status == 429 or status >= 500:
        raise NotSent(f"the gateway answered {status}")
    try:
        answer = json.loads(body)["SMSMessageData"]
        recipients: list[dict[str, Any]] = answer["Recipients"]
        said = str(answer.get("Message", ""))[:100]
    except (ValueError, KeyError, TypeError) as error:
        raise NoAnswer(f"the gateway answered {status} with something unreadable") from error
    if not recipients:  # the whole call was refused, with the reason in words
        raise OutOfService(said or "the gateway took no recipient")

    recipient = recipients[0]
    code = recipient.get("statusCode")
    if code in ACCEPTED:
        return Accepted(str(recipient["messageId"])[:100], _cost(recipient.get("cost")))
    reason = f"{recipient.get('status', 'refused')} ({code})"
    if code in OUR_FAULT:
        raise OutOfService(reason)
    if code in FINAL:
        raise Rejected(reason)
    raise NotSent(reason)


def _cost(said: Any) -> Decimal | None:
    """`KES 0.8000` → 0.8."""
    try:
        return Decimal(str(said).removeprefix("KES").strip())
    except InvalidOperation:
        return None

"""The gateway: configured, reachable, and how its last calls went. No text is ever sent."""

from collections.abc import Iterator
from urllib.parse import urlsplit

import httpx
from django.conf import settings as conf
from django.utils.translation import gettext as _

from cp2.health.doctor import Finding, broken, check, look, ok
from cp2.health.figures import MOST
from sms.models import Gateway, GatewayStatus, Message, MessageStatus

BALANCE = "/version1/user"  # of the API that texts are sent by: asks, and changes nothing
LOW = 5000.0  # shillings


@check
def gateway_settings() -> Iterator[Finding]:
    if conf.SMS_BACKEND != "sms.backends.africastalking":
        yield look("texts go to no real gateway", "Set SMS_BACKEND=sms.backends.africastalking.")
    elif not (conf.AFRICASTALKING_USERNAME and conf.AFRICASTALKING_API_KEY):
        yield broken(
            "the gateway's account is missing", "Set AFRICASTALKING_USERNAME and _API_KEY."
        )
    else:
        yield ok("the gateway's account is set")
    for name in ("SMS_INBOUND_SECRET", "SMS_DELIVERY_SECRET"):
        secrets = [each.strip() for each in getattr(conf, name).split(",")]
        if any(len(each) < 43 for each in secrets):
            yield broken(f"{name} is missing or weak", "Use 43 or more random characters.")
        elif len(secrets) > 1:
            yield look(f"{name} is being changed", "Take the old one away when texts come in.")
    if conf.SMS_LEASE < 3 * conf.SMS_TIMEOUT:
        yield broken("SMS_LEASE is too short", "Make it at least three times SMS_TIMEOUT.")


@check
def gateway_reached() -> Iterator[Finding]:
    if conf.SMS_BACKEND != "sms.backends.africastalking":
        return
    at = urlsplit(conf.AFRICASTALKING_URL)
    try:
        answer = httpx.get(
            f"{at.scheme}://{at.netloc}{BALANCE}",
            params={"username": conf.AFRICASTALKING_USERNAME},
            headers={"apiKey": conf.AFRICASTALKING_API_KEY, "Accept": "application/json"},
            timeout=5,
        )
    except httpx.HTTPError as error:
        said = f"the gateway cannot be reached: {type(error).__name__}"
        yield broken(said, "See the network and AFRICASTALKING_URL. Texts wait; none is lost.")
        return
    if answer.status_code in (401, 403):
        yield broken("the gateway refuses our account", "See the user name and the key.")
        return
    yield of_balance(answer)


def of_balance(answer: httpx.Response) -> Finding:
    try:
        said = str(answer.json()["UserData"]["balance"])
        balance = float(said.removeprefix("KES").strip())
    except (ValueError, KeyError, TypeError):
        return look("the gateway answers, but tells no balance", "Look it up where you pay.")
    if balance < LOW:
        return look(f"the gateway's balance is {balance:.0f} shillings", "Top it up.")
    return ok(f"the gateway answers; the balance is {balance:.0f} shillings")


@check
def gateway_results() -> Iterator[Finding]:
    """From what is written down, without calling anybody."""
    row = Gateway.objects.first()
    if row is None or row.status == GatewayStatus.WORKING:
        yield ok(_("The gateway takes our texts."))
    elif row.status == GatewayStatus.HELD:
        yield broken(
            _("The gateway takes no texts from us."),
            _("Put our account with the gateway right: its balance, the sender, the key."),
        )
    else:
        yield broken(
            _("The gateway does not answer."),
            _("It is tried once a minute. All that waits leaves by itself when it answers."),
        )
    if row and row.failures and row.status == GatewayStatus.WORKING:
        said = _("Calls of the gateway that went wrong in a row: %(n)s.") % {"n": row.failures}
        yield look(said, _("See whether it goes on."))
    stuck = [MessageStatus.UNKNOWN, MessageStatus.HELD]
    n = Message.objects.filter(status__in=stuck).order_by()[:MOST].count()
    if n:
        said = _("Texts that wait for a person: %(n)s.") % {"n": n}
        yield look(said, _("Look at “How texts fare”."))

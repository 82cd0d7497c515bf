"""Beat, the workers and what waits for them; a page of headquarters shows these too."""

from collections.abc import Iterator

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from cp2.health import pulse
from cp2.health.doctor import Finding, broken, check, look, ok
from cp2.health.figures import age_of_first
from cp2.health.figures.queues import QUEUES

# How many seconds the longest due of a queue may wait before somebody should look; texts to many
# are metered, and may well wait for hours.
PATIENCE = {"texts_credentials": 30, "texts_bulk": 24 * 3600}
USUAL = 300


def names() -> dict[str, str]:
    return {
        "worker": _("The worker for passwords"),
        "work": _("The worker for all else"),
        "beat": _("Beat, the clock"),
    }


@check
def pulses() -> Iterator[Finding]:
    units = {"worker": "cp2-credentials", "work": "cp2-worker", "beat": "cp2-beat"}
    ages = pulse.ages()
    for name, said in names().items():
        age = ages[name]
        do = _("See: systemctl status %(unit)s") % {"unit": units[name]}
        if age is None:
            yield broken(_("%(who)s was never seen.") % {"who": said}, do)
        elif age >= pulse.SILENCE[name]:
            told = _("%(who)s has given no sign of life for %(time)s.")
            yield broken(told % {"who": said, "time": in_words(age)}, do)
        else:
            yield ok(_("%(who)s is at work.") % {"who": said})


def waiting() -> dict[str, str]:
    return {
        "texts_credentials": _("Passwords and codes by text"),
        "texts_notice": _("Texts to one person"),
        "texts_bulk": _("Texts to many"),
        "inbox": _("Texts that came in"),
        "letters": _("Letters"),
        "letter_packs": _("Packs of letters"),
        "allocations": _("Allocations"),
        "registers": _("Registers to be read"),
        "money_runs": _("Runs on money"),
        "runs": _("Other runs"),
    }


@check
def queues() -> Iterator[Finding]:
    said = waiting()
    for queue in QUEUES:
        rows = queue.rows()
        if rows is None:
            continue
        age, what = age_of_first(rows, queue.at), said[queue.name]
        if age > PATIENCE.get(queue.name, USUAL):
            told = _("%(what)s: the longest due has waited for %(time)s.")
            yield look(
                told % {"what": what, "time": in_words(age)},
                _("Look at the workers, and at the gateway if these are texts."),
            )
        else:
            yield ok(_("%(what)s: nothing waits for long.") % {"what": what})


def in_words(seconds: float) -> str:
    minutes = int(seconds // 60)
    if minutes < 1:
        return ngettext("%(n)s second", "%(n)s seconds", int(seconds)) % {"n": int(seconds)}
    if minutes < 120:
        return ngettext("%(n)s minute", "%(n)s minutes", minutes) % {"n": minutes}
    return ngettext("%(n)s hour", "%(n)s hours", minutes // 60) % {"n": minutes // 60}

"""Whatever is asked for, in whatever order and by whomever, its owner gets in."""

from contextlib import suppress
from datetime import timedelta

import time_machine
from django.utils import timezone
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

import sms.services
from accounts import services
from accounts.models import User
from accounts.services import Fit
from accounts.sign_in import Device, Entrant, enter, sign_in
from cp2.limits.models import Bucket
from cp2.limits.services import Limited
from cp2.tests import make
from sms.backends import NoAnswer, NotSent, Rejected, memory
from sms.models import Kind, Message

HOUR = timedelta(hours=1)


class Resets(RuleBasedStateMachine):
    """An officer with an ID number on file, a stranger who has come to the officer's number or
    only types it into the page, a gateway with its moods, and time."""

    @initialize()
    def somebody(self):
        self.now = self.began = timezone.now()
        self.clock = time_machine.travel(self.now, tick=False)
        self.clock.start()
        self.officer = make.officer(national_id=f"{30_000_000 + make.number()}")
        self.chosen, self.received = make.PASSWORD, []
        for rows in (Message, Bucket):  # of the example before, which ran in this same transaction
            rows.objects.all().delete()
        memory.outbox.clear()

    def teardown(self):
        if hasattr(self, "clock"):
            self.clock.stop()

    @property
    def user(self):
        return User.objects.get(pk=self.officer.user_id)

    @rule(
        road=st.sampled_from(["page", "text"]),
        mood=st.sampled_from([None, None, NotSent("503"), NoAnswer("time-out"), Rejected("406")]),
    )
    def anybody_asks(self, road, mood):
        with suppress(Limited):
            services.ask_for_password(self.officer.phone, road=road, address="192.0.2.1")
        before = len(memory.outbox)
        memory.failures[:] = [mood] if mood else []
        # due by the database's clock, which nothing here moves
        Message.objects.filter(status="queued").update(not_before=self.began - HOUR)
        sms.services.send_due(Kind.CREDENTIALS)
        memory.failures.clear()
        for text in memory.outbox[before:]:
            self.received.append((self.now, text.text.split("password ")[1][:11]))

    @rule(hours=st.sampled_from([0.02, 0.3, 1.1, 7, 25]))
    def time_goes_by(self, hours):
        self.now += timedelta(hours=hours)
        self.clock.stop()
        self.clock = time_machine.travel(self.now, tick=False)
        self.clock.start()
        make.time_passes(hours=hours)

    @rule(tries=st.integers(1, 15))
    def a_stranger_guesses(self, tries):
        for n in range(tries):
            with suppress(Limited):
                sign_in(self.officer.phone, f"guess{n}", address="192.0.2.9", device=Device())

    @precondition(lambda self: self.received)
    @rule(data=st.data())
    def whoever_has_the_phone_uses_a_text(self, data):
        """And does not know the ID number: they get as far as the question."""
        _at, password = data.draw(st.sampled_from(self.received))
        with suppress(Limited):
            entrant = sign_in(self.officer.phone, password, address="192.0.2.7", device=Device())
            if entrant and entrant.fit is Fit.ISSUED:
                _user, unconfirmed = enter(entrant)
                assert unconfirmed
        for n in range(3):
            with suppress(Limited):
                assert services.confirm_identity(self.user, f"{n}") is None

    @precondition(lambda self: self.received)
    @rule()
    def the_owner_confirms_and_chooses_anew(self):
        fresh = [
            password for at, password in self.received[-2:] if at + timedelta(hours=24) > self.now
        ]
        if not fresh:
            return
        try:
            entrant = sign_in(self.officer.phone, fresh[-1], address="x", device=Device())
            if entrant is None:
                return  # replaced by two later ones whose texts never came, or used
            enter(entrant)
            if services.confirm_identity(self.user, self.officer.national_id) is None:
                return
        except Limited:
            return
        self.chosen = f"chosen-Pass-{make.number()}"
        services.choose_password(self.user, self.chosen)
        self.received.clear()

    @invariant()
    def the_password_that_the_owner_chose_fits(self):
        if hasattr(self, "officer"):
            assert services.which_password(self.user, self.chosen) is Fit.CHOSEN

    @invariant()
    def from_their_own_phone_the_owner_gets_in(self):
        if hasattr(self, "officer"):
            own = Device(marks={str(self.user.pk): "own"})
            entrant = sign_in(self.officer.phone, self.chosen, address="192.0.2.1", device=own)
            assert isinstance(entrant, Entrant)

    @invariant()
    def nobody_is_flooded(self):
        if hasattr(self, "officer"):
            lately = [at for at, _ in self.received if at > self.now - HOUR]
            today = [at for at, _ in self.received if at > self.now - 24 * HOUR]
            # each may have come twice, where the gateway's answer was lost
            assert len(lately) <= 2 * 3
            assert len(today) <= 2 * 5


class NeverLockedOut(TestCase, Resets.TestCase):
    settings = settings(
        max_examples=12,
        stateful_step_count=12,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

"""Two directors at one officer and at one place, through their pages and in real threads: never two
places, never an error, no deadlock, and the loser reads who changed it and when."""

import re
from datetime import timedelta
from unittest import mock

import pytest
from django.db import OperationalError, connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Entry
from cp2.tests import make
from cp2.tests.races import at_once
from deployments import services
from deployments.models import HOLDS_ITS_DAYS, Deployment, DeploymentStatus, Letter
from deployments.services.again import whole
from deployments.tests.test_reserve import reserved

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]
DAY = timedelta(days=1)
ROUNDS = 40
WHO = r"(Jane Wambui|Otieno Ouma|the portal|Wanjik\S+ Ng\S+ \d+)"
CHANGED = rf"Changed by {WHO} at \d\d:\d\d: .+\. Look at it again\."


@pytest.fixture
def area():
    """A sub-county with two directors, an exam, and posts at four stations."""
    return Area()


class Area:
    def __init__(self):
        self.sub_county = make.sub_county()
        self.directors = [
            make.director(self.sub_county, name=name) for name in ("Jane Wambui", "Otieno Ouma")
        ]
        self.clients = [make.sign_in(Client(), each) for each in self.directors]
        self.deadlocks = deadlocks()
        self.said = []

    def posts(self, count=4, **fields):
        exam = make.exam()
        made = [
            make.post(
                exam=exam,
                station=make.station(sub_county=self.sub_county),
                **{"required": 1} | fields,
            )
            for _each in range(count)
        ]
        make.terms(exam, made[0].position)
        return made

    def officer(self):
        return make.officer(sub_county=self.sub_county)

    def ask(self, who, name, *at, **typed):
        """What a director does on a page that was opened before."""
        url = reverse(f"deployments:{name}", args=at)
        if "q" in typed:  # the address keeps what was searched for
            url += f"?q={typed.pop('q')}"
        typed = {"from_day": make.today().isoformat(), "reason": f"Because {who}", **typed}
        return lambda: self.clients[who].post(url, typed)

    def meet(self, *acts):
        """Those at the same moment; whoever lost has read who was first."""
        answers = at_once(*acts)
        for answer in answers:
            if not hasattr(answer, "status_code"):
                continue
            assert answer.status_code in (200, 302)
            if answer.status_code == 200:
                assert "There is a problem" in answer.text
                assert re.search(CHANGED, answer.text.replace("&#x27;", "'")), answer.text
                assert "Because " in answer.text or 'name="reason"' not in answer.text
                self.said.append(answer)
        return answers

    def check(self):
        """Nobody in two places, no place with two, no letter for what is over, applications in
        step, and nothing that PostgreSQL had to break off."""
        rows = Deployment.objects.filter(status__in=HOLDS_ITS_DAYS).values_list(
            "officer", "post", "slot", "starts_on", "ends_on"
        )
        held = {}
        for officer, post, slot, first, last in rows:
            for number in range((last - first).days + 1):
                for key in ((officer,), (post, slot)):
                    day = first + number * DAY
                    assert (key, day) not in held
                    held[key, day] = True
        for letter in Letter.objects.current().select_related("deployment"):
            assert letter.deployment.is_accepted
        assert deadlocks() == self.deadlocks


def deadlocks():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()")
        return cursor.fetchone()[0]


def test_two_directors_deploy_and_move_the_same_officer_and_the_same_place(area):
    for number in range(ROUNDS):
        one, two, three, four = area.posts()
        officer, other = area.officer(), area.officer()
        match number % 4:
            case 0:  # one officer, two places
                acts = [
                    area.ask(0, "area_new", post=one.pk, officer=officer.pk),
                    area.ask(1, "area_new", post=two.pk, officer=officer.pk),
                ]
            case 1:  # one place, two officers
                acts = [
                    area.ask(0, "area_new", post=one.pk, officer=officer.pk),
                    area.ask(1, "area_new", post=one.pk, officer=other.pk),
                ]
            case 2:  # one officer at work, to two places
                old = make.deployment(post=one, officer=officer)
                acts = [
                    area.ask(0, "area_redeploy", old.pk, station=two.station_id, seen=old.version),
                    area.ask(
                        1, "area_redeploy", old.pk, station=three.station_id, seen=old.version
                    ),
                ]
            case _:  # two officers at work, to one place
                old, old2 = (
                    make.deployment(post=post, officer=each)
                    for post, each in ((one, officer), (two, other))
                )
                acts = [
                    area.ask(0, "area_redeploy", old.pk, station=four.station_id, seen=old.version),
                    area.ask(
                        1, "area_redeploy", old2.pk, station=four.station_id, seen=old2.version
                    ),
                ]
        answers = area.meet(*acts)
        assert sorted(answer.status_code for answer in answers) == [200, 302]
        live = Deployment.objects.live().filter(post__exam=one.exam_id)
        assert live.count() == (2 if number % 4 == 3 else 1)
        area.check()


def pairs(area):
    """What may meet: two acts, each with what it is called."""
    one, two, three, four = area.posts()
    first, second = make.deployment(post=one), make.deployment(post=two)
    spare, offered = area.officer(), make.deployment(DeploymentStatus.OFFERED, post=three)
    seen = {"seen": first.version}
    swap = {"first": first.pk, "second": second.pk}
    there = {"station": four.station_id}

    def answer(act, **fields):
        def done():
            return act(offered, by=offered.officer.user, **fields)

        return done

    return {
        "swap against redeploy": (
            area.ask(0, "area_swap", **swap),
            area.ask(1, "area_redeploy", first.pk, **there, **seen),
        ),
        "swap against swap the other way round": (
            area.ask(0, "area_swap", **swap),
            area.ask(1, "area_swap", first=second.pk, second=first.pk),
        ),
        "replace against redeploy": (
            area.ask(0, "area_replace", first.pk, officer=spare.pk, **seen),
            area.ask(1, "area_redeploy", first.pk, **there, **seen),
        ),
        "replace at the gate against replace": (
            area.ask(
                0,
                "area_replace_now",
                first.pk,
                q=spare.national_id,
                works_here="no",
                **seen,
            ),
            area.ask(1, "area_replace", first.pk, officer=spare.pk, **seen),
        ),
        "cancel against redeploy": (
            area.ask(0, "area_cancel", first.pk, **seen),
            area.ask(1, "area_redeploy", first.pk, **there, **seen),
        ),
        "replace against accept": (
            area.ask(0, "area_replace", offered.pk, officer=spare.pk, seen=offered.version),
            answer(services.accept),
        ),
        "cancel against accept": (
            area.ask(0, "area_cancel", offered.pk, seen=offered.version),
            answer(services.accept),
        ),
        "redeploy against reject": (
            area.ask(0, "area_redeploy", offered.pk, **there, seen=offered.version),
            answer(services.reject, reason="Far"),
        ),
    }


NAMES = [
    "swap against redeploy",
    "swap against swap the other way round",
    "replace against redeploy",
    "replace at the gate against replace",
    "cancel against redeploy",
    "replace against accept",
    "cancel against accept",
    "redeploy against reject",
]


@pytest.mark.parametrize("name", NAMES)
def test_changes_meet(area, name):
    for _round in range(5):
        area.meet(*pairs(area)[name])
        area.check()


def test_expiry_meets_an_answer(area):
    for _round in range(10):
        (post,) = area.posts(1)
        offer = make.deployment(
            DeploymentStatus.OFFERED, post=post, respond_by=timezone.now() + timedelta(seconds=0.02)
        )
        at_once(services.expire_due, lambda: services.accept(offer, by=offer.officer.user))
        services.expire_due()
        offer.refresh_from_db()
        letters = Letter.objects.current().filter(deployment=offer).count()
        assert (offer.status, letters) in {("accepted", 1), ("expired", 0), ("offered", 0)}
        area.check()


def test_a_fill_from_the_reserve_meets_a_deployment(area):
    for _round in range(10):
        post, [held], waiting = reserved(waiting=2)
        type(post.station).objects.filter(pk=post.station_id).update(sub_county=area.sub_county)
        waiting[0].vacancy.sub_county = area.sub_county
        waiting[0].vacancy.save()
        services.reject(held, by=held.officer.user, reason="Unwell")
        area.meet(
            area.ask(0, "area_post", post.pk, application=waiting[0].pk),
            area.ask(1, "area_new", post=post.pk, application=waiting[1].pk),
        )
        assert post.deployments.live().count() == 1
        area.check()


def test_a_deadlock_with_somebody_else_is_begun_anew(area):
    """Somebody at the database's own prompt who takes a post before its officer."""
    (post,) = area.posts(1)
    officer = area.officer()
    calls = []

    @whole
    def change(first, second):
        calls.append(1)
        with connection.cursor() as cursor:
            cursor.execute(first)
            if len(calls) < 3:  # both hold their first by then; who begins anew goes on at once
                cursor.execute("SELECT pg_sleep(0.3)")
            cursor.execute(second)
        return "done"

    one = f"SELECT FROM profiles_officer WHERE id = {officer.pk} FOR UPDATE"
    two = f"SELECT FROM deployments_post WHERE id = {post.pk} FOR UPDATE"
    assert at_once(lambda: change(one, two), lambda: change(two, one)) == ["done", "done"]
    assert len(calls) > 2


def test_no_more_than_three_tries_and_none_for_other_errors():
    for state, tries in {"40P01": 3, "40001": 3, "57014": 1}.items():
        error = OperationalError("no")
        error.__cause__ = type("Cause", (Exception,), {"pgcode": state})()
        act = mock.Mock(side_effect=error, __name__="act")
        with pytest.raises(OperationalError):
            whole(act)()
        assert act.call_count == tries


def test_what_the_page_showed_is_not_so_any_more(area):
    """Nobody is over: the officer answered while the director typed."""
    (post, there) = area.posts(2)
    offer = make.deployment(DeploymentStatus.OFFERED, post=post)
    client = area.clients[0]
    url = reverse("deployments:area_redeploy", args=[offer.pk])
    seen = re.search(r'name="seen" value="([^"]+)"', client.get(url).text)[1]
    services.accept(offer, by=offer.officer.user)
    typed = {
        "station": there.station_id,
        "from_day": make.today().isoformat(),
        "reason": "Short of staff",
    }
    answer = client.post(url, {**typed, "seen": seen})
    assert "accepted the place at" in answer.text
    assert "Short of staff" in answer.text
    seen_now = re.search(r'name="seen" value="([^"]+)"', answer.text)[1]
    assert seen_now != seen
    assert client.post(url, {**typed, "seen": seen_now}).status_code == 302
    assert Entry.objects.filter(verb="deployment.moved").count() == 1

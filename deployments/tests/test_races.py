"""Real threads against the database: however they meet, nobody is in two places and no post is
overfilled, and whoever came too late is told so in words."""

import pytest
from django.test import Client
from django.urls import reverse

from cp2.tests import make
from cp2.tests.races import at_once, split
from deployments import services
from deployments.models import LIVE, Deployment, DeploymentStatus, Letter
from deployments.tests.test_answer import offered
from vacancies.models import ApplicationStatus

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


def posts(count, **fields):
    exam = make.exam()
    made = [make.post(exam=exam, **fields) for _each in range(count)]
    make.terms(exam, made[0].position)
    return made


def test_two_directors_deploy_one_officer_to_two_places():
    staff = make.user()
    for _round in range(10):
        here, there = posts(2)
        officer = make.officer()
        done, refused = split(
            at_once(
                lambda: services.deploy(here, officer=officer, by=staff),
                lambda: services.deploy(there, officer=officer, by=staff),
            )
        )
        assert (len(done), len(refused)) == (1, 1)
        assert "Already deployed at" in str(refused[0])
        assert Deployment.objects.live().filter(officer=officer).count() == 1


def test_ten_officers_for_three_places():
    (post,) = posts(1, required=3)
    officers, staff = [make.officer() for _each in range(10)], make.user()
    done, refused = split(
        at_once(
            *(
                lambda officer=officer: services.deploy(post, officer=officer, by=staff)
                for officer in officers
            )
        )
    )
    assert sorted(deployment.slot for deployment in done) == [1, 2, 3]
    assert len(refused) == 7
    for refusal in refused:
        filled, changed = refusal.args
        assert filled == f"All places of this position at {post.station} are filled."
        assert changed.startswith(f"Changed by {staff} at ")


def test_the_same_button_pressed_ten_times():
    (post,) = posts(1)
    officer, staff = make.officer(), make.user()
    done, refused = split(at_once(*[lambda: services.deploy(post, officer=officer, by=staff)] * 10))
    assert (len(set(done)), refused) == (1, [])


def test_accept_against_cancel():
    staff = make.user()
    for _round in range(10):
        deployment = offered()
        user = deployment.officer.user
        results = at_once(
            lambda: services.accept(deployment, by=user),
            lambda: services.cancel(deployment, by=staff, reason="A mistake"),
        )
        split(results)
        assert isinstance(results[1], Deployment)  # a cancellation is possible before and after
        deployment.refresh_from_db()
        assert deployment.status == DeploymentStatus.CANCELLED
        deployment.application.refresh_from_db()
        assert deployment.application.status == ApplicationStatus.NOMINATED
        assert not Letter.objects.current().filter(deployment=deployment).exists()


def test_accept_against_reject():
    for _round in range(10):
        deployment = offered()
        user = deployment.officer.user
        split(
            at_once(
                lambda: services.accept(deployment, by=user),
                lambda: services.reject(deployment, by=user, reason="Unwell"),
            )
        )
        deployment.refresh_from_db()
        current = Letter.objects.current().filter(deployment=deployment).count()
        assert current == (deployment.status == DeploymentStatus.ACCEPTED)


def test_accepting_ten_times_makes_one_letter():
    deployment = offered()
    user = deployment.officer.user

    def press():
        client = Client()
        client.force_login(user)
        return client.post(reverse("deployments:accept", args=[deployment.pk])).status_code

    assert at_once(*[press] * 5) == [302] * 5
    assert Letter.objects.count() == 1


def test_two_directors_redeploy_one_officer():
    staff = make.user()
    for _round in range(10):
        here, one, two = posts(3)
        old = make.deployment(post=here)
        today = make.today()
        done, refused = split(
            at_once(
                *(
                    lambda to=to: services.redeploy(
                        old,
                        to=to.station,
                        from_day=today,
                        by=staff,
                        reason="Short of staff",
                    )
                    for to in (one, two)
                )
            )
        )
        assert (len(done), len(refused)) == (1, 1)
        assert str(refused[0]).startswith(f"Changed by {staff} at ")
        assert f"redeployed to {done[0].post.station.code}. Look at it again." in str(refused[0])
        assert Deployment.objects.live().filter(officer=old.officer).count() == 1


def test_crossing_swaps_and_moves_never_lock_each_other_for_good():
    staff = make.user()
    for _round in range(8):
        here, there = posts(2)
        one, two = make.deployment(post=here), make.deployment(post=there)
        today = make.today()
        change = {"from_day": today, "by": staff, "reason": "Rotation"}
        split(
            at_once(
                lambda: services.swap(one, two, **change),
                lambda: services.swap(two, one, **change),
                lambda: services.redeploy(one, to=there.station, **change),
                lambda: services.redeploy(two, to=here.station, **change),
            )
        )
        for officer in (one.officer, two.officer):
            assert Deployment.objects.live().filter(officer=officer).count() == 1


def test_entitlements_computed_twice_at_once():
    staff = make.user()
    for _round in range(5):
        exam = make.exam()
        for code in ("CM", "SUP", "INV"):
            make.terms(exam, make.position(code))
        for _each in range(5):
            make.entry(exam=exam)
        done, refused = split(at_once(*[lambda: services.compute_posts(exam, by=staff)] * 3))
        assert sorted(outcome.made for outcome in done) == [0, 0, 15]
        assert refused == []


def test_an_entitlement_computed_while_officers_are_deployed():
    staff = make.user()
    for _round in range(6):
        (post,) = posts(1, required=3)
        entry = make.entry(exam=post.exam, station=post.station, candidates=20)
        make.deployment(DeploymentStatus.OFFERED, post=post, slot=1)
        officer = make.officer()
        split(
            at_once(
                lambda: services.deploy(post, officer=officer, by=staff),
                lambda: services.compute_posts(entry.exam, by=staff),
            )
        )
        post.refresh_from_db()
        assert post.required == Deployment.objects.filter(post=post, status__in=LIVE).count()

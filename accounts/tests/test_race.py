"""At the same moment: a code is good once, and sets up one app."""

import pytest
from django.test import Client

from accounts import codes
from accounts.models import Entry
from accounts.tests import people
from cp2.rules import Refused
from cp2.tests import make
from cp2.tests.races import at_once

pytestmark = [
    pytest.mark.race,
    pytest.mark.django_db(transaction=True, serialized_rollback=True),
]


def test_the_same_code_posted_twice_opens_one_session():
    user = make.director(make.sub_county())
    app = people.app(user)
    clients = [Client(), Client()]
    for client in clients:
        client.force_login(user)
    code = people.code(app.key)

    statuses = at_once(
        *(
            lambda client=client: client.post("/accounts/code/", {"code": code}).status_code
            for client in clients
        )
    )

    assert sorted(statuses) == [200, 302]
    assert sorted(client.get("/area/").status_code for client in clients) == [200, 302]


def test_the_same_recovery_code_posted_twice_opens_one_session():
    user = make.director(make.sub_county())
    people.app(user)
    code = codes.renew_recovery_codes(user)[0]

    outcomes = at_once(*[lambda: codes.type_recovery_code(user, code)] * 4)

    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 3
    assert codes.recovery_codes_left(user) == 9
    assert Entry.objects.filter(verb="recovery_code.used").count() == 1


def test_set_up_twice_at_once_there_is_one_app():
    user = make.director(make.sub_county())
    keys = [codes.new_key(), codes.new_key()]

    outcomes = at_once(
        *(lambda key=key: codes.set_up(user, key=key, code=people.code(key)) for key in keys)
    )

    assert sum(isinstance(outcome, Refused) for outcome in outcomes) == 1
    assert user.totpdevice_set.count() == 1
    assert codes.recovery_codes_left(user) == 10


def test_wrong_codes_at_once_are_counted_one_by_one():
    user = make.director(make.sub_county())
    app = people.app(user)
    wrong = people.wrong(app.key)

    at_once(*[lambda: codes.type_code(user, wrong)] * 12)

    app.refresh_from_db()
    assert app.throttling_failure_count == 1  # all others came too soon after it
    assert Entry.objects.filter(verb="code.failed").count() == 1

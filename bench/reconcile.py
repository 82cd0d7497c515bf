r"""How long it takes to read the results of a large batch back.

    .venv/bin/python bin/serve.py .venv/bin/python bench/reconcile.py [PAYMENTS]

It makes up a batch of so many payments (50,000), has their results read and written down as the
worker does it, line for line in an order of their own, one in fifty failed, and takes all of it
back. Beside it stands the bare UPDATE of the same payments and claims in the same database.
"""

import os
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "cp2.settings")

import django

django.setup()

from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection, transaction
from django.utils import timezone

from accounts.models import User
from catalogue.models import County, Exam, SubCounty
from claims import ledger, runs, services
from claims.models import Claim, MoneyRun, Payment, PaymentBatch, ResultFile, ResultsStatus
from cp2.exports import csv_file, xlsx_file
from cp2.rules import Role
from profiles.models import Officer

BLOCK = 254_180_000_000  # numbers for them; no sample person has one of these
HEADING = ["Reference", "MSISDN", "Amount", "Status", "Receipt", "Reason"]


def timed(what: str, act: Callable[[], Any]) -> Any:
    began = time.monotonic()
    done = act()
    print(f"{what:46} {time.monotonic() - began:7.1f} s", flush=True)
    return done


def a_batch(size: int) -> PaymentBatch:
    """Sent to be paid, whoever approved and verified it."""
    people = [
        User.objects.create(username=f"bench{n}", role=Role.STAFF, password="!") for n in range(4)
    ]
    prepares, approves, verified, allowed = people
    exam = Exam.objects.create(
        year=2099, code=99, abbreviation="BENCH", name="Bench", rehearsal_on="2099-10-01",
        starts_on="2099-10-02", ends_on="2099-10-30",
    )  # fmt: skip
    county, _made = County.objects.get_or_create(code=1, defaults={"name": "Mombasa"})
    place, _made = SubCounty.objects.get_or_create(county=county, name="Bench")
    users = User.objects.bulk_create(
        [
            User(username=str(BLOCK + n), phone=str(BLOCK + n), role=Role.OFFICER, password="!")
            for n in range(size)
        ],
        batch_size=5000,
    )
    officers = Officer.objects.bulk_create(
        [
            Officer(user=user, full_name="A B", year_of_birth=1985, gender="female",
                    payee_name="A B", payee_phone=user.phone or "", sub_county=place)
            for user in users
        ],
        batch_size=5000,
    )  # fmt: skip
    claims = Claim.objects.bulk_create(
        [
            Claim(officer=officer, exam=exam, days=2, gross=1100, tax=0, net=1100,
                  status="paying", verified_by=verified, approved_by=allowed)
            for officer in officers
        ],
        batch_size=5000,
    )  # fmt: skip
    batch = PaymentBatch.objects.create(
        exam=exam, prepared_by=prepares, count=size, total=1100 * size
    )
    Payment.objects.bulk_create(
        [
            Payment(
                batch=batch,
                claim=claim,
                amount=1100,
                payee_name="A B",
                payee_phone=user.phone or "",
            )
            for claim, user in zip(claims, users, strict=True)
        ],
        batch_size=5000,
    )
    batch.status, batch.approved_by, batch.approved_at = "approved", approves, timezone.now()
    batch.save()
    timed("ledger: approval posted", lambda: ledger.post_approval(batch))
    batch.status, batch.sha256, batch.exported_at = "exported", "0" * 64, timezone.now()
    batch.save()
    return batch


def results(batch: PaymentBatch) -> list[list[object]]:
    rows: list[list[object]] = []
    for place, (number, phone) in enumerate(batch.payments.values_list("pk", "payee_phone")):
        failed = place % 50 == 0
        rows.append(
            [f"CP2-{number}", phone, "1100.00", "Failed" if failed else "Completed",
             "" if failed else f"BN{number:09d}", "Not registered" if failed else ""]
        )  # fmt: skip
    random.Random(1).shuffle(rows)
    return rows


def written_down(batch: PaymentBatch, content: bytes) -> None:
    by = batch.prepared_by
    file, _new = services.upload(SimpleUploadedFile("r", content), batch=batch, by=by)
    timed("read and judged", lambda: runs.finish(MoneyRun.objects.order_by("-pk")[0]))
    file = ResultFile.objects.get(pk=file.pk)
    if file.status != ResultsStatus.READ:
        raise SystemExit(f"It was not read: {file.failure}")
    run = services.apply_results(file, by=by, sha256=file.sha256)
    run = timed("written down, with ledger, trail and texts", lambda: runs.finish(run))
    print(run.status, run.outcome)


def bare(batch: PaymentBatch) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE claims_payment SET status = 'paid', reference = 'BN' || id WHERE batch_id = %s",
            [batch.pk],
        )
        cursor.execute(
            """UPDATE claims_claim c SET status = 'paid', paid_at = now(),
                   payment_reference = p.reference
               FROM claims_payment p WHERE p.batch_id = %s AND c.id = p.claim_id""",
            [batch.pk],
        )


def main(size: int) -> int:
    with transaction.atomic():
        batch = timed(f"a batch of {size:,} payments made up", lambda: a_batch(size))
        rows = results(batch)
        mark = transaction.savepoint()
        timed("bare UPDATE of payments and claims", lambda: bare(batch))
        transaction.savepoint_rollback(mark)
        for kind, content in (
            ("XLSX", xlsx_file("r", HEADING, rows)),
            ("CSV", csv_file(HEADING, rows)),
        ):
            mark = transaction.savepoint()
            print(f"{kind}, {len(content):,} bytes")
            written_down(batch, content)
            found = timed("every payment held against the ledger", ledger.check)
            transaction.savepoint_rollback(mark)
            if found:
                raise SystemExit(f"It does not balance: {found}")
        transaction.set_rollback(True)
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 50_000))

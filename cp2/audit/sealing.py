"""Seals over what is only ever added to, so that whoever gets past its triggers is found out.

A hash in each row of the one before would make everybody who writes wait for one another. Instead
rows are sealed in blocks, some minutes after they were written: a seal holds the digest of its
rows, four bytes of each row's own digest, so that the very row can be named, and the hash of the
seal before it. Whoever rewrites a row has to rewrite every seal after it, and the last of those is
kept elsewhere (`manage.py audit verify --export`).

A row's number is taken before its transaction ends, so a lower one may appear after a higher.
A block therefore ends where nobody can still be at work below: whoever takes a number has locked
the table for writing before, and holds that lock until the end of the transaction. So the highest
number is read first, and then it is waited for everybody who holds such a lock. Nobody waits for
the seal.
"""

import hashlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from cp2.audit.models import Seal

BLOCK = 20_000
FIRST = -(2**63)  # nothing lies before it
NO_SEAL = "0" * 64
PATIENCE = 10.0  # seconds for those who write; what they keep open longer, the next turn seals
ONE_AT_A_TIME = 0x5EA1

# A row as the text that is hashed: the same whatever the session's settings, and its columns are
# named one by one, so that one more in the table does not change what was sealed without it.
MOMENT = "(extract(epoch FROM {}) * 1000000)::bigint"
COLUMNS = {
    "accounts_entry": [
        "id",
        MOMENT.format("at"),
        "actor_id",
        "acting_name",
        "verb",
        "subject_type",
        "subject_id",
        "details",
    ],
    "audit_change": [
        "id",
        MOMENT.format("at"),
        "kind",
        "subject_type",
        "subject_id",
        "fields",
        "actor_id",
        "through",
    ],
    "attendance_markhistory": [
        "id",
        "mark_id",
        "status",
        "marked_by_id",
        "acting_name",
        MOMENT.format("marked_at"),
        MOMENT.format("received_at"),
        "way",
        "amendment_id",
        MOMENT.format("changed_at"),
    ],
}

WRITERS = """
SELECT virtualtransaction FROM pg_locks
WHERE locktype = 'relation' AND relation = %s::regclass AND granted AND pid <> pg_backend_pid()
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
    AND mode IN ('RowExclusiveLock', 'ShareRowExclusiveLock', 'ExclusiveLock',
                 'AccessExclusiveLock')
"""


@dataclass(frozen=True)
class Block:
    """What is in the database of the rows after one number and up to another."""

    upto: int
    count: int
    ids: str
    marks: bytes
    digest: str


def read(table: str, *, after: int, upto: int, most: int | None = None) -> Block | None:
    """None if there are no rows. The rows never leave the database, only what they come to."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT max(id), count(*), range_agg(int8range(id, id, '[]'))::text,
                string_agg(substr(hash, 1, 4), ''::bytea ORDER BY id),
                encode(sha256(string_agg(hash, ''::bytea ORDER BY id)), 'hex')
            FROM (
                SELECT id, sha256(convert_to(
                    jsonb_build_array({", ".join(COLUMNS[table])})::text, 'UTF8')) AS hash
                FROM {table} WHERE id > %s AND id <= %s ORDER BY id LIMIT %s
            ) AS row
            """,
            [after, upto, most],
        )
        last, count, ids, marks, digest = cursor.fetchone() or (0, 0, "", b"", "")
    return Block(last, count, ids, bytes(marks), digest) if count else None


def hash_of(seal: Seal) -> str:
    """Over all that a seal says."""
    said = [
        seal.number,
        seal.table,
        seal.after,
        seal.upto,
        seal.count,
        seal.ids,
        bytes(seal.marks).hex(),
        seal.digest,
        seal.previous,
        f"{seal.sealed_at:%Y-%m-%dT%H:%M:%S.%f}",
    ]
    return hashlib.sha256("\n".join(map(str, said)).encode()).hexdigest()


# Sealing


def seal(*, patience: float = PATIENCE, most: int = BLOCK, seconds: float = 60) -> int:
    """All that is settled, in blocks; how many. A full block that is left is the next turn's."""
    until, made = time.monotonic() + seconds, 0
    for table in COLUMNS:
        upto = settled(table, patience=patience)
        while upto is not None and time.monotonic() < until and _seal_one(table, upto, most):
            made += 1
    return made


def settled(table: str, *, patience: float) -> int | None:
    """Up to which number no row can appear any more; None if somebody is still at work there."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max(id) FROM {table}")
        (highest,) = cursor.fetchone() or (None,)
        if highest is None:
            return None
        before, until = _writers(cursor, table), time.monotonic() + patience
        while before:
            if time.monotonic() > until:
                return None
            time.sleep(0.1)
            before &= _writers(cursor, table)
    return int(highest)


def _writers(cursor: Any, table: str) -> set[str]:
    cursor.execute(WRITERS, [table])
    return {name for (name,) in cursor.fetchall()}


@transaction.atomic
def _seal_one(table: str, upto: int, most: int) -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [ONE_AT_A_TIME])
    after = sealed_upto(table)
    block = read(table, after=after, upto=upto, most=most)
    if block is None:
        return False
    before = Seal.objects.order_by("-number").first()
    made = Seal(
        number=before.number + 1 if before else 1,
        table=table,
        after=after,
        upto=block.upto,
        count=block.count,
        ids=block.ids,
        marks=block.marks,
        digest=block.digest,
        previous=before.hash if before else NO_SEAL,
        sealed_at=timezone.now(),
    )
    made.hash = hash_of(made)
    made.save()
    return True


def sealed_upto(table: str) -> int:
    last = Seal.objects.filter(table=table).order_by("-after").first()
    return last.upto if last else FIRST


def runs_of(ids: str) -> Iterator[range]:
    """`{[1,4),[7,8)}`, as PostgreSQL writes a set of numbers."""
    for part in ids.strip("{}").replace("),[", ") [").split():
        low, high = part.strip("[)").split(",")
        yield range(int(low), int(high))

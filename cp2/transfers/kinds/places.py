from django.utils.translation import gettext_lazy as _

from catalogue.models import DutyStation, Level, StationKind, SubCounty
from cp2.transfers.kinds import cells
from cp2.transfers.kinds.base import STAGE, Column, Fault, Kind, Sets

COUNTY = Column("county", cells.words(40, needed=True), "Kisii", needed=True)
SUB_COUNTY = Column(
    "sub_county", cells.words(60, needed=True), "Bonchari", needed=True, also=("subcounty",)
)
FIND_COUNTY = f"""
UPDATE {STAGE} i SET county_id = c.id
FROM (
    SELECT id, lower(name) AS said FROM catalogue_county
    UNION ALL SELECT id, code::text FROM catalogue_county
) c
WHERE c.said = lower(i.county)
"""
FIND_SUB_COUNTY = f"""
UPDATE {STAGE} i SET sub_county_id = s.id FROM catalogue_subcounty s
WHERE s.county_id = i.county_id AND lower(s.name) = lower(i.sub_county)
"""
NO_COUNTY = Fault(
    _("“%(said)s” is none of the 47 counties."),
    f"SELECT line, county FROM {STAGE} WHERE county IS NOT NULL AND county <> '' "
    "AND county_id IS NULL",
)
NO_SUB_COUNTY = Fault(
    _("The county has no sub-county “%(said)s”."),
    f"SELECT line, sub_county FROM {STAGE} WHERE sub_county IS NOT NULL AND sub_county <> '' "
    "AND sub_county_id IS NULL",
)

SUB_COUNTIES = Kind(
    model=SubCounty,
    permissions=["catalogue.add_subcounty", "catalogue.change_subcounty"],
    columns=[COUNTY, SUB_COUNTY],
    extra={"county_id": "bigint", "plain_name": "text"},
    resolve=[FIND_COUNTY, f"UPDATE {STAGE} SET plain_name = lower(sub_county)"],
    unique=[("county_id", "plain_name")],
    key="t.county_id = i.county_id AND lower(t.name) = i.plain_name",
    name="i.sub_county",
    sets={"county_id": Sets("county", "i.county_id"), "name": Sets("sub_county", "i.sub_county")},
    faults=[NO_COUNTY],
    verb="subcounty",
    help=_("A county goes by its name or its official code, 1 to 47."),
)

IN_USE = f"""
SELECT i.line, t.kind FROM {STAGE} i JOIN catalogue_dutystation t ON t.id = i.row_id
WHERE t.kind <> i.kind AND (
    EXISTS (SELECT FROM catalogue_centreentry e WHERE e.station_id = t.id)
    OR EXISTS (SELECT FROM catalogue_centreentry e WHERE e.distribution_centre_id = t.id)
    OR EXISTS (SELECT FROM catalogue_centreentry e WHERE e.host_id = t.id)
    OR EXISTS (SELECT FROM deployments_post p WHERE p.station_id = t.id)
)
"""
STATIONS = Kind(
    model=DutyStation,
    permissions=["catalogue.add_dutystation", "catalogue.change_dutystation"],
    columns=[
        Column("code", cells.code, "40718101", needed=True, also=("centre_code",)),
        Column("name", cells.words(120, needed=True), "Nyabururu Girls High School", needed=True),
        Column(
            "kind",
            cells.one_of(StationKind, needed=True),
            StationKind.EXAMINATION_CENTRE,
            needed=True,
        ),
        COUNTY,
        SUB_COUNTY,
        Column("level", cells.one_of(Level), Level.SECONDARY),
        Column("location", cells.words(120), "Kisii town"),
        Column(
            "latitude",
            cells.figure(8, 5, required=False, min_value=-5, max_value=6),
            "-0.67700",
            "numeric",
        ),
        Column(
            "longitude",
            cells.figure(8, 5, required=False, min_value=33, max_value=43),
            "34.77100",
            "numeric",
        ),
    ],
    extra={"county_id": "bigint", "sub_county_id": "bigint"},
    resolve=[FIND_COUNTY, FIND_SUB_COUNTY],
    unique=[("code",)],
    key="t.code = i.code",
    name="i.code || ' ' || i.name",
    sets={
        "code": Sets("code", "i.code"),
        "name": Sets("name", "i.name"),
        "kind": Sets("kind", "i.kind"),
        "sub_county_id": Sets(
            "sub_county",
            "i.sub_county_id",
            "(SELECT name FROM catalogue_subcounty WHERE id = t.sub_county_id)",
            "i.sub_county",
        ),
        "level": Sets("level", "i.level"),
        "location": Sets("location", "i.location"),
        "latitude": Sets("latitude", "i.latitude"),
        "longitude": Sets("longitude", "i.longitude"),
    },
    faults=[
        NO_COUNTY,
        NO_SUB_COUNTY,
        Fault(
            _("Give both the latitude and the longitude, or neither."),
            f"SELECT line, '' FROM {STAGE} WHERE (latitude IS NULL) <> (longitude IS NULL)",
        ),
    ],
    changing=[Fault(_("This station serves an exam already as another kind: %(said)s."), IN_USE)],
    verb="station",
)

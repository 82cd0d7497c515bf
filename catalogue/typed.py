"""What somebody typed on the command line, as what it names."""

from django.core.management.base import CommandError

from catalogue.models import Exam, SubCounty


def exam_named(typed: str) -> Exam:
    year, _slash, code = typed.partition("/")
    named = year.isdecimal() and code.isdecimal() and len(typed) < 12
    found = Exam.objects.filter(year=int(year), code=int(code)).first() if named else None
    if found is None:
        raise CommandError(f"There is no exam {typed}. It is named as 2025/3.")
    return found


def sub_county_named(typed: str | None) -> SubCounty | None:
    if typed is None:
        return None
    county, slash, name = typed.rpartition("/")
    found = SubCounty.objects.filter(name__iexact=name).select_related("county")
    if slash:
        found = found.filter(county__name__iexact=county)
    match list(found):
        case [one]:
            return one
        case []:
            raise CommandError(f"There is no sub-county {typed}.")
        case several:
            names = ", ".join(f"{each.county}/{each}" for each in several)
            raise CommandError(f"There are several: {names}.")

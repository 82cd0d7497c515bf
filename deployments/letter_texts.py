"""What an appointment letter says of a position where headquarters has written nothing of its own.

Headquarters' words (`LetterText`) go before these. Each duty completes "You will …".
"""

CENTRE_STAFF_POLICY = (
    "Nobody serves at the school where they work, or where they have another interest of their "
    "own, nor at a centre where they have served in the last {cooling_off_years} years: CP2 does "
    "not take the attendance of such an officer. If this is your case, tell the office above at "
    "once; you will be deployed elsewhere."
)
CENTRE_MANAGER_POLICY = (
    "A centre is managed by the head of the institution where its candidates sit. No other officer "
    "serves at the school where they work, or where they have another interest of their own, nor "
    "at a centre where they have served in the last {cooling_off_years} years: CP2 does not take "
    "the attendance of such an officer. If one is sent to you, tell the office above at once."
)
OTHER_POLICY = (
    "If you, or a person close to you, have an interest in a candidate or in a centre that you "
    "will have to do with, tell the office above at once; you will be deployed elsewhere."
)

CENTRE_MANAGER = [
    "attend the briefing, and hold the rehearsal with your officers and candidates on its day",
    "confirm in CP2 which officers are deployed to your centre, check their identity cards, and "
    "report whoever is missing or is not on the list",
    "give the distance from your centre to the distribution centre in CP2, and mark the register "
    "of every officer in it each day from the rehearsal on",
    "make ready the rooms, the desks and a room that can be locked for the papers",
    "be at the distribution centre on time each morning, see it opened with both keys, and sign "
    "for your packets only",
    "bring the papers to your centre under escort and hand them to the supervisor, sealed, at the "
    "time on the timetable and not before",
    "let into the centre nobody but the candidates, the officers on your list and authorised "
    "monitors",
    "keep mobile phones and other devices locked away while papers are open",
    "keep order, and report any irregularity, absence or incident in CP2 on the same day",
    "account for every paper and script, and return them to the distribution centre the same day",
    "print the register at the end, have every officer sign it, stamp it, and hand it to the "
    "Sub-County Director of Education",
]
SUPERVISOR = [
    "attend the briefings, and be at the centre a day before the first paper for the rehearsal",
    "arrive by 6.30 a.m. on every day of the examination",
    "secure a room that can be locked, and keep its key",
    "brief the invigilators and assign them to rooms, never twice running to the same one",
    "inspect the rooms, desks and washrooms every day before the candidates come in",
    "check every candidate against the register with photographs",
    "receive the papers from the centre manager, open them before the candidates at the time on "
    "the timetable, and return the scripts counted and sealed, with the security officer present",
    "write the seating plan and the attendance of candidates of every paper",
    "report irregularities to the office above and in CP2 on the same day",
    "hand over in writing when you move to another centre: invigilators, issues, absent "
    "candidates and special cases",
]
INVIGILATOR = [
    "report to the centre on the rehearsal day for your briefing",
    "arrive by 7.00 a.m. on every day of the examination and sign in with the centre manager",
    "leave your mobile phone and bag where the centre manager keeps them",
    "inspect the room, its desks and the washrooms before the candidates come in, and search the "
    "candidates with respect",
    "seat the candidates by the plan, and check the index number on every desk and script",
    "give out the papers at the time on the timetable, and read no paper, nor help any candidate",
    "watch the whole room for the whole of the time; never leave it without relief",
    "collect and count the scripts before any candidate leaves, and hand them to the supervisor",
    "report anything irregular to the supervisor at once",
]
SECURITY = [
    "report to the centre manager on the rehearsal day, and each day before the papers leave the "
    "distribution centre",
    "escort the papers to the centre, and the scripts back, without a stop on the way",
    "guard the room where the papers are kept, and the grounds while a paper is written",
    "let nobody in whom the centre manager has not named",
    "help keep order when asked, and report every incident to the centre manager at once",
]
DRIVER = [
    "have the vehicle fuelled, in good order and at the distribution centre before it opens",
    "drive the papers, the officers and the escort by the route that you are given, without a stop",
    "carry no other passenger and no other load",
    "keep the log of the vehicle, and report a breakdown or a delay at once",
]
DISTRIBUTION_MANAGER = [
    "open and close the distribution centre with the second key holder present, every time",
    "hand out, to centre managers whom you know or who show this letter's like, the packets of "
    "the day's session and no others, and have them signed for",
    "receive the scripts the same day, check the seals and the numbers, and lock them away",
    "keep the records of packets, times and persons, and report a broken seal or a missing packet "
    "at once",
    "mark in CP2, or have marked, the officers who serve at the distribution centre",
]
CLERK = [
    "be at the distribution centre before it opens, on every day of the examination",
    "sort and check the packets by centre and session under the eyes of the key holders",
    "write up what goes out and what comes back, with times and signatures",
    "touch no packet alone, and open none",
    "help make up the returns to the Council at the end",
]
DISTRIBUTION_SECURITY = [
    "guard the distribution centre by turns, day and night, until the last script has left",
    "let nobody near it but the key holders and those whom they name",
    "be present whenever it is opened and closed, and write the times into the occurrence book",
    "report every incident to the officer in charge at once",
]
MARKER = [
    "report to the marking centre on the first day, with this letter and your identity card",
    "mark by the agreed marking scheme, and to the standard set at the coordination",
    "keep scripts, marks and marking schemes secret, and take none out of the marking centre",
    "enter marks exactly, and have your record signed each day",
    "declare any candidate whom you teach or are related to",
]
LEADING_MARKER = [
    *MARKER[:3],
    "moderate the marking of your team, and correct it where it leaves the standard",
    "sign the records of your team each day, and answer for their scripts",
]

DUTIES = {
    "CM": CENTRE_MANAGER,
    "SUP": SUPERVISOR,
    "INV": INVIGILATOR,
    "SEC": SECURITY,
    "DRV": DRIVER,
    "DCM": DISTRIBUTION_MANAGER,
    "CLK": CLERK,
    "DSO": DISTRIBUTION_SECURITY,
    "CE": LEADING_MARKER,
    "TL": LEADING_MARKER,
    "EXM": MARKER,
}
ANY_OTHER = [
    "report to your duty station on the first day, with this letter and your identity card",
    "do the duties that the officer in charge gives you, on every day of the examination",
    "keep secret whatever you learn of papers, candidates and results",
    "report anything irregular to the officer in charge at once",
]
POLICIES = {"CM": CENTRE_MANAGER_POLICY, "SUP": CENTRE_STAFF_POLICY, "INV": CENTRE_STAFF_POLICY}


def duties_of(code: str) -> list[str]:
    return DUTIES.get(code, ANY_OTHER)


def policy_of(code: str, *, cooling_off_years: int) -> str:
    return POLICIES.get(code, OTHER_POLICY).format(cooling_off_years=cooling_off_years)

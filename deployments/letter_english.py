"""What a letter says in English where headquarters has published no words of its own.

Each list is one paragraph's, numbered 4.1, 4.2 …; what stands in braces is filled in as the letter
is printed (see letter_fields.py). A Kiswahili letter says the same: see letter_kiswahili.py.
"""

SUBJECT = "Appointment as {a} {position} for year {year} {exam_name} ({exam})"
APPOINTMENT = (
    "The Council appoints you as {a} {position} at {station} (code {station_code}), {sub_county}, "
    "{county} County, from {starts_on} to {ends_on}. Your travel is reimbursed at {daily_rate} per "
    "day{with_rehearsal}. Only days on which the examination is administered, and on which the "
    "register shows you present, are paid."
)
PORTAL = (
    "Keep your details in CP2 right, at {site}: you are paid by what it shows. If texts from CP2 "
    "do not reach you, dial *456*9*5*5*1# on your own line to let them through."
)
YOU_WILL = "You answer to the {director}. You will"
CLOSING = (
    "You accepted this appointment in CP2 on {answered_on}, and with it these terms. Carry this "
    "letter and your national identity card whenever you are on duty. It counts until the portal "
    "says otherwise, and takes the place of any earlier one."
)

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
DUTIES = {
    "CM": CENTRE_MANAGER,
    "SUP": SUPERVISOR,
    "INV": INVIGILATOR,
    "SEC": SECURITY,
    "DRV": DRIVER,
    "DCM": DISTRIBUTION_MANAGER,
    "CLK": CLERK,
    "DSO": DISTRIBUTION_SECURITY,
}
ANY_OTHER = [
    "report to your duty station on the first day, with this letter and your identity card",
    "do the duties that the officer in charge gives you, on every day of the examination",
    "keep secret whatever you learn of papers, candidates and results",
    "report anything irregular to the officer in charge at once",
]
POLICIES = {"CM": CENTRE_MANAGER_POLICY, "SUP": CENTRE_STAFF_POLICY, "INV": CENTRE_STAFF_POLICY}


# Examiners are invited by the Council itself, on terms that they take on by accepting.

INVITATION_SUBJECT = "Invitation to serve as {a} {position}: {exam_name} ({exam}), {year}"
INVITATION = (
    "The Council invites you to serve as {a} {position} at {station} (code {station_code}), "
    "{sub_county}, {county} County, from {starts_on} to {ends_on}. You have until {respond_by} to "
    "accept or to reject this invitation in CP2, at {site}, or by texting ACCEPT or REJECT with "
    "your reason to 22262. An invitation that is not answered by then goes to somebody else."
)
CONDITIONS = (
    "If you accept, you accept with it the regulations of the Council for marking and the payment "
    "that it has fixed: {daily_rate} for each day on which the register shows you present, and "
    "what is laid down for the scripts that you mark. If you reject, nothing is held against you."
)
ROLE = "If you accept, you answer to the Council. You will"
ETHICS = "Marking rests on trust. You will not"
MARKER_ETHICS = [
    "mark the script of a candidate whom you teach or are related to; declare it instead",
    "copy, photograph or discuss a script, a mark or a marking scheme, there or afterwards",
    "use a mobile phone where scripts are open",
    "take or ask anything from anybody for a mark, nor tell anybody that you mark",
]
INVITATION_CLOSING = (
    "You accepted this invitation in CP2 on {answered_on}. Report with this letter and your "
    "national identity card. It counts until the portal says otherwise, and takes the place of any "
    "earlier one."
)
MARKER = [
    "report to the marking centre on the first day, and attend the coordination to its end",
    "mark by the agreed marking scheme, and to the standard set at the coordination",
    "keep scripts, marks and marking schemes secret, and take none out of the marking centre",
    "enter marks exactly, and have your record signed each day",
]
LEADING_MARKER = [
    *MARKER[:3],
    "moderate the marking of your team, and correct it where it leaves the standard",
    "sign the records of your team each day, and answer for their scripts",
]
MARKERS = {"CE": LEADING_MARKER, "TL": LEADING_MARKER}

# Names of positions are headquarters' own, in English.
POSITIONS: dict[str, str] = {}
WORDS = {
    "TO": "TO",
    "THROUGH": "THROUGH",
    "RE": "Re:",
    "REF": "Ref:",
    "OWNER": "Kenya National Examinations Council",
    "PORTAL": "Contracted Professionals Portal",
    "TITLE": "Appointment letter",
    "ID": "National Identity Number:",
    "TSC": "TSC Number:",
    "PF": "PF Number:",
    "PHONE": "Mobile Number:",
    "SUB_COUNTY": "{} Sub-County",
    "COUNTY": "{} County",
    "COUNCIL": "Council",
    "RATE": "Kshs. {}",
    "NO_RATE": "the rate that the Council has fixed",
    "WITH_REHEARSAL": ", inclusive of the rehearsal day",
    "GENUINE": "Is this letter genuine?",
    "QR": "A QR code that leads to {}",
    "CEO": "Chief Executive Officer",
    "ISSUED": "Issued by CP2 and valid without a signature by hand. Whoever is shown this letter "
    "can check it: scan the code, or type it at {}/letters/",
    "PAGE": "Page",
    "OF": "of",
}
MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September",
    "October", "November", "December",
)  # fmt: skip

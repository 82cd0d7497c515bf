"""One officer, from a phone number to a paid claim, through the pages of all five kinds of people.

Nothing is mocked but the network of the phones: real worker, real broker, real PostgreSQL.
"""

import os
import re
import time
from pathlib import Path

import pytest
from PIL import Image

from cp2.tests.browser.conftest import Phone, manage

pytestmark = pytest.mark.browser

# New ones each time, so that the test may run twice against one portal.
DIGITS = f"{int(time.time()) % 10**8:08d}"
NUMBER = f"2541{DIGITS}"
ID_NUMBER = f"3{DIGITS[1:]}"
NAME = "Wanjikũ Ng'ang'a " + "".join("abcdefghij"[int(digit)] for digit in DIGITS).title()
OWN = "tembo-Kahawa-71"


def issued(text: str) -> str:
    found = re.search(r"password (\S+?)\.", text)
    assert found, text
    return found[1]


def answer(person):
    return person["username"], person["password"], person["totp_secret"]


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    path = tmp_path_factory.mktemp("papers") / "certificate.png"
    Image.new("RGB", (400, 300), "white").save(path)
    return path


def query(expression: str) -> str:
    """What a row says that no page shows to the test's people."""
    imports = (
        "from datetime import timedelta; from django.utils.timezone import localdate; "
        "from claims.models import Claim, Payment; from deployments.models import Letter; "
    )
    return manage("shell", "-v0", "--no-imports", "-c", f"{imports}print({expression})").strip()


def until(expression: str, value: str, *, within: float = 60) -> None:
    """Wait for what a worker does."""
    began = time.monotonic()
    while (now := query(expression)) != value:
        assert time.monotonic() < began + within, f"{expression} is still {now}"


def files_with(secret: str) -> list[Path]:
    """Of all that the portal writes: rows and their log, the broker's memory, what programs say.
    The phones of the simulator alone may hold it, as a phone does."""
    var = Path(os.environ["VAR_DIR"])
    return [
        path
        for path in var.rglob("*")
        if path.is_file() and var / "phones" not in path.parents
        if secret.encode() in path.read_bytes()
    ]


def test_from_a_phone_number_to_a_paid_claim(visitor, people, certificate):
    officer, phone = visitor(), Phone(NUMBER)
    director = people["TSC director"]
    sub_county, county = director["scope"].split(", ")

    # 1 Register
    officer.open("/accounts/register/")
    spaced = f"01{DIGITS[:2]} {DIGITS[2:5]} {DIGITS[5:]}"
    officer.fill(phone=spaced, confirm_phone=f"+{NUMBER}").press("Create Account")
    password = issued(phone.wait_for("your user name is"))
    assert files_with(password) == []
    assert files_with(NUMBER) != []  # so it does look into the tables
    officer.open("/accounts/register/")
    officer.fill(phone=spaced, confirm_phone=spaced).press("Create Account")
    assert officer.says("already registered")
    assert officer.says("Send the text “PASSWORD” to 22262")

    # 2 Sign in, choose one's own, see what is missing
    officer.sign_in(NUMBER, password)
    officer.fill(new_password1=OWN, new_password2=OWN).press("Save password")
    assert files_with(OWN) == []
    officer.open("/home/")
    assert officer.says("Missing")

    # 3 Forgot: the old password works until the new one is used
    other = visitor()
    before = len(phone.texts())
    other.open("/accounts/password/forgot/")
    other.fill(phone=NUMBER).press("Reset Password")
    phone.wait_for("your new password", after=before)
    assert visitor().sign_in(NUMBER, OWN).page.url.endswith("/home/")
    before = len(phone.texts())
    phone.send(" password. ")
    newest = issued(phone.wait_for("your new password", after=before))
    # a text takes less than two seconds; the middle one of three, for a machine may be busy
    assert sorted(phone.waited)[1] < 2, phone.waited
    other.sign_in(NUMBER, newest)
    assert "/accounts/password/change/" in other.page.url
    other.fill(new_password1=OWN, new_password2=OWN).press("Save password")
    officer.sign_in(NUMBER, OWN)

    # 4 The profile, submitted when complete
    officer.open("/profile/personal/")
    officer.page.get_by_label("Female").check()
    officer.fill(
        full_name=NAME,
        year_of_birth="1988",
        national_id=ID_NUMBER,
        kra_pin=f"a0{DIGITS}m",
        tsc_number=f"TSC/{DIGITS}",
        town="Kisii",
    ).press("Save")
    officer.open("/profile/payee/")
    officer.fill(name=NAME.upper(), phone=spaced).press("Save")
    officer.open("/profile/bank/")
    officer.fill(bank="Equity Bank Kenya")
    officer.page.locator("[name=branch] option").nth(2).wait_for(state="attached")
    officer.page.locator("[name=branch]").select_option(index=1)
    officer.fill(number="0012345678901").press("Save")
    officer.open("/profile/next-of-kin/")
    officer.fill(full_name="Atieno Ochieng", phone="0722000111", relationship="Sister").press(
        "Save"
    )
    officer.open("/profile/work-experience/add/")
    officer.fill(
        employer="Teachers Service Commission",
        institution="Mwangaza Hill Primary School",
        level="Primary",
        designation="Senior teacher",
        starts_on="2012-01-09",
        county=county,
    )
    officer.page.get_by_role("option", name=sub_county, exact=True).wait_for(state="attached")
    officer.fill(sub_county=sub_county).press("Save")
    officer.open("/profile/qualifications/add/")
    officer.fill(
        level="Diploma",
        institution="Uhuru Hill Teachers College",
        course="Primary education",
        starts_on="2007-09-03",
        ends_on="2009-11-27",
    )
    officer.page.set_input_files("[name=certificate]", certificate)
    officer.press("Save")
    officer.open("/profile/submit/")
    officer.click(officer.page.locator("main form button").first)
    assert officer.says("submitted")

    # 5 Search by the drop-downs, apply, withdraw, apply afresh
    officer.open("/vacancies/")
    page = officer.page
    for name, wanted in {
        "exam": "2025/3",
        "activity": "Supervision",
        "duty_station": "Examination Centre",
        "position": "Invigilator",
        "county": county,
        "sub_county": sub_county,
    }.items():
        officer.choose(name, wanted).press("Search")
    line = page.get_by_role("link").filter(has_text="Invigilator:- Exam 2025/3 Kenya Certificate")
    assert re.search(r"Deadline \d+ \w+ \d{4}, \d+ positions?$", line.inner_text().strip())
    officer.click(line)
    apply_url = page.url
    for withdraws in (True, False):
        officer.open(apply_url)
        page.locator("[name=confirm]").check()
        officer.press("Submit Application")
        assert officer.says(
            "Thank you for submitting your application. The application will be examined"
        )
        if withdraws:
            officer.click(page.get_by_role("link", name="Withdraw Application").first)
            officer.press("Withdraw Application")
            assert officer.says("withdrawn")
    phone.wait_for("application")

    # 6 The director vets, nominates and deploys
    tsc = visitor(width=1280)
    tsc.sign_in(*answer(director))
    tsc.open(f"/area/officers/?q={ID_NUMBER}")
    tsc.click(tsc.page.get_by_role("link", name=NAME))
    tsc.press("Vet")
    assert tsc.says("vetted")
    tsc.open(f"/area/applications/?q={ID_NUMBER}")
    tsc.page.get_by_label(NAME).check()
    tsc.press("Nominate")
    assert tsc.says("Nominated") or tsc.says("nominated")
    tsc.open("/area/centres/")
    tsc.choose("exam", "2025/3").choose("position", "Invigilator").press("Search")
    tsc.click(tsc.page.locator("tbody tr").first.get_by_role("link").first)  # gaps stand first
    centre_code = tsc.page.url.rstrip("/").rpartition("/")[2]
    tsc.click(tsc.page.get_by_role("link", name="Deploy Invigilator"))
    tsc.page.get_by_label(NAME).check()
    tsc.press("Deploy those ticked")
    phone.wait_for("text ACCEPT")

    # 7 Accept at home, download the letter, check its code
    officer.open("/home/")
    officer.click(page.get_by_role("link", name="Accept").first)
    officer.click(officer.page.locator("main form button").first)
    code = ""
    deadline = time.monotonic() + 15
    while not code and time.monotonic() < deadline:
        code = query(
            f"Letter.objects.filter(deployment__officer__user__username='{NUMBER}', status='ready')"
            ".values_list('code', flat=True).first() or ''"
        )
    officer.open("/home/")
    with page.expect_download() as download:
        page.get_by_role("link", name="Download Appointment Letter").first.click()
    letter = download.value.path().read_bytes()
    assert letter.startswith(b"%PDF-")
    assert letter.rstrip().endswith(b"%%EOF")
    stranger = visitor()
    stranger.open(f"/letters/{code}/")
    assert stranger.says("genuine")

    # 8 The centre sees its officer and marks the day; tomorrow cannot be marked
    centre = visitor()
    centre.sign_in(f"KCSE{centre_code}", people["centre"]["password"])
    centre.open("/centre/")
    if centre.page.locator("[name=distance_km]").count():
        centre.fill(distance_km="12.5").press("Save distance")
    link = centre.page.get_by_role("link", name=re.compile("register", re.IGNORECASE)).first
    exam = re.search(r"/centre/(\d+)/", link.get_attribute("href") or "")
    assert exam
    centre.open(f"/centre/{exam[1]}/officers/")
    centre.open(f"/centre/{exam[1]}/officers/")
    assert centre.says(ID_NUMBER)
    today, tomorrow = query("localdate()"), query("localdate() + timedelta(days=1)")
    assert centre.page.goto(f"/centre/{exam[1]}/register/{tomorrow}/")
    assert centre.page.locator("[name^=officer_]").count() == 0
    centre.open(f"/centre/{exam[1]}/register/{today}/?all=present")
    centre.fill(acting_name="Barasa Wafula")
    centre.click(centre.page.locator("main .register-bar button, main form button").last)
    assert centre.says("saved") or centre.says("Saved")

    # 9 The claim: prepared, verified, approved by one and paid by another
    preparer, approver = visitor(width=1280), visitor(width=1280)
    preparer.sign_in(*answer(people["preparer"]))
    approver.sign_in(*answer(people["approver"]))
    preparer.open("/admin/claims/claim/prepare/")
    preparer.choose("exam", "2025/3")
    preparer.click(preparer.page.locator("input[type=submit]").last)
    ours = f"Claim.objects.filter(officer__user__username='{NUMBER}')"
    until(f"{ours}.count()", "1")
    claim = query(f"{ours}.get().pk")
    officer.open(f"/claims/{claim}/")
    assert officer.says("550")
    tsc.open(f"/area/claims/{claim}/")
    tsc.press("Verify")

    def act(person, model, pk, action):
        """Tick one row of the admin's list, choose an action, confirm it."""
        person.open(f"/admin/claims/{model}/")
        person.page.locator(f"input[name=_selected_action][value='{pk}']").check()
        person.page.locator("[name=action]").select_option(action)
        person.click(person.page.locator("button[name=index]").first)
        confirm = person.page.locator("#content input[type=submit].default")
        if confirm.count():
            person.click(confirm.last)

    act(approver, "claim", claim, "approve")
    # the centre's signed register is still to come: somebody answers for it
    approver.open(f"/admin/claims/hold/?q={NUMBER}")
    for box in approver.page.locator("input[name=_selected_action]").all():
        box.check()
    approver.page.locator("[name=action]").select_option("clear")
    approver.click(approver.page.locator("button[name=index]").first)
    approver.page.locator("#content [name=note]").fill("The director has it on paper")
    approver.click(approver.page.locator("#content [type=submit]").last)
    act(preparer, "claim", claim, "prepare_batch")
    batch = query(f"Payment.objects.get(claim={claim}).batch_id")
    act(approver, "paymentbatch", batch, "approve_batch")
    act(preparer, "paymentbatch", batch, "export_batch")
    until(f"Payment.objects.get(claim={claim}).batch.status", "exported")
    payment = query(f"Payment.objects.get(claim={claim}).pk")
    preparer.open(f"/admin/claims/paymentbatch/{batch}/reconcile/")
    preparer.page.locator("textarea").fill(
        f"Reference,Status,Receipt\n{payment},Completed,TKL7XQ2M9P\n"
    )
    preparer.click(preparer.page.locator("input[type=submit]").last)
    write = preparer.page.get_by_text("Write these results down")
    write.wait_for(timeout=30_000)  # a worker reads them, and the page looks again by itself
    preparer.click(write)
    until(f"Payment.objects.get(claim={claim}).status", "paid")
    officer.open(f"/claims/{claim}/")
    assert officer.says("Paid")
    assert officer.says("TKL7XQ2M9P")
    assert "550" in phone.wait_for("TKL7XQ2M9P")

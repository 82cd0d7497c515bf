"""The Kiswahili catalogue: whole, faithful, compiled; and what Django's own lacks is in it."""

import re
from pathlib import Path

import polib
import pytest
from django.conf import settings
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError
from django.utils.translation import gettext, gettext_noop, ngettext, override

from sms import gsm

FOLDER = Path(settings.BASE_DIR) / "locale" / "sw" / "LC_MESSAGES"
CATALOGUE = polib.pofile(str(FOLDER / "django.po"))
ENTRIES = [entry for entry in CATALOGUE if not entry.obsolete]
TEXTS = [entry for entry in ENTRIES if entry.msgid.startswith("KNEC CP2: ")]

PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[ds]\b|{\w*}")
LINK = re.compile(r"</?\w[^>]*>")
END = re.compile(r"[.:?!…]?\s*$")
KEYWORD = re.compile(r"\b(?:PASSWORD|STATUS|ACCEPT|REJECT|HELP|22262)\b")

# What Django says to people here and does not say in Kiswahili, or says wrongly. Marked in this
# file, so that makemessages keeps these in our catalogue.
OF_DJANGO = [
    gettext_noop("Null characters are not allowed."),
    gettext_noop("“%(pk)s” is not a valid value."),
    gettext_noop("Constraint “%(name)s” is violated."),
    gettext_noop("%(model_name)s with this %(field_labels)s already exists."),
    gettext_noop("Your password can’t be too similar to your other personal information."),
    gettext_noop("Your password can’t be a commonly used password."),
    gettext_noop("Your password can’t be entirely numeric."),
    gettext_noop("The two password fields didn’t match."),
    gettext_noop("Reset password"),
    gettext_noop("Set password"),
    gettext_noop("Model name"),
    gettext_noop("Add link"),
    gettext_noop("Change or view list link"),
    gettext_noop("Select this object for an action - {}"),
    gettext_noop("Select %s to change"),
    gettext_noop("View"),
    gettext_noop("Wed"),
    gettext_noop("Fri"),
]
OF_DJANGO_BY_NUMBER = [
    lambda n: ngettext(
        "Ensure this value has at least %(limit_value)d character (it has %(show_value)d).",
        "Ensure this value has at least %(limit_value)d characters (it has %(show_value)d).",
        n,
    ),
    lambda n: ngettext(
        "Ensure this value has at most %(limit_value)d character (it has %(show_value)d).",
        "Ensure this value has at most %(limit_value)d characters (it has %(show_value)d).",
        n,
    ),
    lambda n: ngettext(
        "Ensure this filename has at most %(max)d character (it has %(length)d).",
        "Ensure this filename has at most %(max)d characters (it has %(length)d).",
        n,
    ),
    lambda n: ngettext(
        "Ensure that there are no more than %(max)s digit in total.",
        "Ensure that there are no more than %(max)s digits in total.",
        n,
    ),
    lambda n: ngettext(
        "Ensure that there are no more than %(max)s decimal place.",
        "Ensure that there are no more than %(max)s decimal places.",
        n,
    ),
    lambda n: ngettext(
        "Ensure that there are no more than %(max)s digit before the decimal point.",
        "Ensure that there are no more than %(max)s digits before the decimal point.",
        n,
    ),
    lambda n: ngettext(
        "This password is too short. It must contain at least %d character.",
        "This password is too short. It must contain at least %d characters.",
        n,
    ),
    lambda n: ngettext(
        "Your password must contain at least %(min_length)d character.",
        "Your password must contain at least %(min_length)d characters.",
        n,
    ),
]


def forms_of(entry):
    """Each wording in Kiswahili, with the one in English that it stands for."""
    if not entry.msgid_plural:
        return [(entry.msgid, entry.msgstr)]
    one, many = entry.msgstr_plural[0], entry.msgstr_plural[1]
    return [(entry.msgid, one), (entry.msgid_plural, many)]


def found(pattern, text):
    return sorted(set(pattern.findall(text)))


def contents(catalogue):
    """What a program reads out of a catalogue, whatever else its file says."""
    return {
        (entry.msgctxt, entry.msgid): entry.msgstr_plural or entry.msgstr
        for entry in catalogue
        if entry.msgstr or entry.msgstr_plural
    }


def refusal(password, language):
    with override(language), pytest.raises(ValidationError) as refused:
        validate_password(password)
    return refused.value


def test_everything_is_translated_and_nothing_is_guessed():
    assert [entry.msgid for entry in ENTRIES if not entry.translated()] == []
    assert [entry.msgid for entry in CATALOGUE if entry.fuzzy or entry.obsolete] == []


def test_nothing_to_be_translated_hides_where_the_catalogue_does_not_look():
    """`makemessages` does not read what stands inside an f-string."""
    hidden = re.compile(r"""\bf(["'])(?:(?!\1).)*\{[^}]*\b_\(""")
    for path in settings.BASE_DIR.glob("[a-z]*/**/*.py"):
        if "tests" not in path.parts and "migrations" not in path.parts:
            assert not hidden.search(path.read_text()), path


def test_the_catalogue_says_what_it_is():
    assert CATALOGUE.metadata["Language"] == "sw"
    assert CATALOGUE.metadata["Plural-Forms"] == "nplurals=2; plural=(n != 1);"


@pytest.mark.parametrize("kept", [PLACEHOLDER, LINK, KEYWORD], ids=["places", "links", "keywords"])
def test_a_translation_keeps_what_is_not_a_word(kept):
    changed = [
        (english, kiswahili)
        for entry in ENTRIES
        for english, kiswahili in forms_of(entry)
        if found(kept, english) != found(kept, kiswahili)
    ]

    assert changed == []


def test_a_translation_ends_as_its_original_does():
    """A sentence stays a sentence, a label a label."""
    changed = [
        (english, kiswahili)
        for entry in ENTRIES
        for english, kiswahili in forms_of(entry)
        if END.search(english)[0] != END.search(kiswahili)[0]
    ]

    assert changed == []


def test_texts_stay_in_the_alphabet_of_the_network():
    assert TEXTS
    outside = {entry.msgid: set(entry.msgstr) - gsm.BASIC for entry in TEXTS}

    assert {text: chars for text, chars in outside.items() if chars} == {}


def test_what_is_committed_is_what_the_catalogue_compiles_to():
    compiled = polib.mofile(str(FOLDER / "django.mo"))

    assert contents(compiled) == contents(CATALOGUE)


@pytest.mark.parametrize("message", OF_DJANGO)
def test_what_django_lacks_is_said_in_kiswahili(message):
    with override("sw"):
        assert gettext(message) != message


@pytest.mark.parametrize("number", [1, 8])
@pytest.mark.parametrize("message", OF_DJANGO_BY_NUMBER)
def test_what_django_counts_is_said_in_kiswahili(message, number):
    with override("en"):
        english = message(number)
    with override("sw"):
        assert message(number) != english


@pytest.mark.parametrize("password", ["1", "12345678", "password"])
def test_a_weak_password_is_refused_in_kiswahili(password):
    with override("en"):
        english = refusal(password, "en").messages
    with override("sw"):
        kiswahili = refusal(password, "sw").messages

    assert len(kiswahili) == len(english)
    assert not set(kiswahili) & set(english)


PUBLIC = [
    "/",
    "/accounts/login/",
    "/accounts/register/",
    "/accounts/password/forgot/",
    "/help/",
    "/privacy/",
    "/letters/",
]
ENGLISH = re.compile(
    r"\b(?:the|your|you|and|with|password|account|log in|phone number|help|privacy|send|enter)\b",
    re.IGNORECASE,
)
# The names of the languages, and the words that are sent to 22262 as they are.
AS_THEY_ARE = re.compile(r"PASSWORD|STATUS|ACCEPT|REJECT|HELP|English|CP2")


def words_of(page):
    """What a visitor reads."""
    body = re.sub(r"<(script|style|head)\b.*?</\1>", " ", page, flags=re.DOTALL)
    return AS_THEY_ARE.sub(" ", re.sub(r"<[^>]*>", " ", body))


@pytest.mark.django_db
@pytest.mark.parametrize("path", PUBLIC)
def test_public_pages_come_in_kiswahili(client, path):
    response = client.get(path, headers={"Accept-Language": "sw"})
    page = response.content.decode()

    assert response.status_code == 200
    assert '<html lang="sw"' in page
    assert ENGLISH.findall(words_of(page)) == []


@pytest.mark.django_db
def test_errors_of_a_form_come_in_kiswahili(client):
    page = client.post(
        "/accounts/login/", {"username": "", "password": ""}, headers={"Accept-Language": "sw"}
    ).content.decode()

    assert "Weka nambari yako ya simu" in page
    assert ENGLISH.findall(words_of(page)) == []


def test_numbers_choose_their_form():
    with override("sw"):
        one = ngettext("%(counter)s officer", "%(counter)s officers", 1) % {"counter": 1}
        many = ngettext("%(counter)s officer", "%(counter)s officers", 7) % {"counter": 7}

    assert (one, many) == ("Afisa 1", "Maafisa 7")

import pytest
from django.test import SimpleTestCase

from cp2.broadcasts.wording import MOST_NAME, faults, fill, first_name, on_a_phone, segments
from sms import gsm


def said(text, *, exam="KCSE 2025"):
    return list(faults(text, exam=exam))


class Wording(SimpleTestCase):
    def test_what_is_not_in_the_alphabet_is_named_with_the_nearest(self):
        assert said("It’s on") == [
            "“’” (right single quotation mark) is not in the alphabet of texts. Write “'” instead."
        ]
        assert said("Ngũgĩ")[0].endswith("Write “u” instead.")
        assert said("Well done \U0001f389") == [
            "“\U0001f389” (party popper) is not in the alphabet of texts. Take it out."
        ]

    def test_each_strange_character_is_named_once(self):
        assert len(said("“a” “b”")) == 2

    def test_braces_stand_for_nothing_else(self):
        for odd in ("{phone}", "{ name }", "{name", "name}", "{{name}}", "{0}", "{name.pk}", "{}"):
            assert said(odd) == [
                "Use { and } for {name} and {exam} alone. Nothing else can be filled in."
            ], odd
        assert said("Dear {name}, {exam} begins.") == []

    def test_an_exam_is_named_only_where_there_is_one(self):
        assert "Choose one" in said("{exam} begins", exam="")[0]

    def test_no_more_than_three_segments(self):
        assert said("a" * 459) == []
        assert "4 segments" in said("a" * 460)[0]

    def test_an_exam_with_a_long_name_takes_its_place(self):
        text = "{exam}" + "a" * (459 - len("KCSE 2025"))
        assert said(text) == []
        assert "4 segments" in said(text, exam="KPSEA SNE 2025")[0]

    def test_segments_are_those_of_the_longest_name(self):
        text = "{name}" + "a" * (160 - MOST_NAME)
        assert (segments(text, exam=""), segments(text + "a", exam="")) == (1, 2)
        assert segments("€" * 81, exam="") == 2  # each takes two places

    def test_a_name_is_never_longer_nor_stranger_than_what_was_counted(self):
        for name in ("Wanjikũ Ng'ang'a", "B" * 120, "[{exam}]", "Ω€~", "", "   ", "\U0001f389"):
            written = fill("Dear {name}.", name=first_name(name, "en"), exam="KCSE 2025")
            assert segments("Dear {name}.", exam="") >= gsm.segments(written)
            assert written == gsm.plain(written)
            assert len(written) <= len("Dear .") + MOST_NAME
        assert first_name("Wanjikũ Ng'ang'a", "en") == "Wanjiku"
        assert (first_name("", "en"), first_name("", "sw")) == ("officer", "afisa")

    def test_what_a_phone_shows(self):
        shown = on_a_phone("Dear {name}: {exam}", "en", exam="KCSE 2025")
        assert shown == {
            "words": "Dear Wanjiku: KCSE 2025",
            "segments": 1,
            "places": 36,
            "room": 160,
        }

    def test_a_name_cannot_smuggle_in_a_place(self):
        assert fill("{name} {exam}", name="{exam}", exam="KCSE") == "{exam} KCSE"


@pytest.mark.parametrize("text", ["a" * 160, "a" * 161, "{name}" * 3])
def test_segments_agree_with_those_of_all_texts(text):
    assert segments(text, exam="") == gsm.segments(text.replace("{name}", "M" * MOST_NAME))

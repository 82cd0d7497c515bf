"""What the fields say. What they take is in the table of cp2/tests/bad_input.py."""

import pytest
from django.core.exceptions import ValidationError

from profiles import fields


@pytest.mark.parametrize(
    ("field", "typed", "words"),
    [
        (fields.AccountNumberField, "1.23457E+12", "Excel changed this number"),
        (fields.KraPinField, "P051365947M", "company's"),
        (fields.NationalIdField, "12345", "for example 12345678"),
        (fields.TscNumberField, "1", "for example 345678"),
        (fields.DayField, "31/04/2025", "such as 31/01/2020"),
    ],
)
def test_the_sentence_says_what_is_wrong_and_shows_an_example(field, typed, words):
    with pytest.raises(ValidationError) as refusal:
        field().clean(typed)
    assert words in refusal.value.messages[0]

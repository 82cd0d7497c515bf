from datetime import date, time

import pytest
from django import forms
from django.template.defaultfilters import floatformat
from django.utils import translation
from django.utils.formats import date_format, time_format


@pytest.mark.parametrize("language", ["en", "sw"])
def test_the_day_comes_first_in_both_languages(language):
    with translation.override(language):
        assert forms.DateField(localize=True).clean("1/2/2025") == date(2025, 2, 1)
        assert time_format(time(14, 5)) == "14:05"
        assert date_format(date(2025, 11, 3)).startswith("3 Nov")
        assert floatformat(306455, "0g") == "306,455"

"""Files of policies that are no TOML: what is told of the mistakes that people make."""

from __future__ import annotations

import pytest

from schemas import policies
from schemas.policies import PoliciesInvalid

IN_QUOTES = 'put texts in quotes and lists in brackets: "24h", ["otp"]'


@pytest.mark.parametrize(
    ("text", "told"),
    [
        pytest.param("[opt_out]\nmode = shadow\n", f"line 2, column 8: mode: Invalid value; {IN_QUOTES}", id="a word"),
        pytest.param(
            "[quiet_hours]\nopens = 08:00\n",
            f"line 2, column 10: opens: Expected newline or end of document after a statement; {IN_QUOTES}",
            id="a time of day",
        ),
        pytest.param(
            "[budget]\nexempt = [\n  otp,\n]\n",
            f"line 3, column 3: Invalid value; {IN_QUOTES}",
            id="a word in a list over several lines",
        ),
        pytest.param(
            '[expired]\nmode = "off"\nmode = "shadow"\n',
            "line 3, column 16: mode: Cannot overwrite a value;"
            " it is in this table already: change the one that is there",
            id="a key given twice",
        ),
        pytest.param(
            "# ours\n[duplicate]\n[expired]\n\n[ duplicate ] # again\n",
            "line 5, column 13: [duplicate] stands twice; change the one that is there, on line 2",
            id="a table given twice",
        ),
        pytest.param(
            'expired.mode = "off"\n[expired]\n',
            "line 2, column 9: [expired] stands twice; change the one that is there",
            id="a table given before without its header",
        ),
    ],
)
def test_what_is_no_toml_is_refused_with_what_to_write_instead(text, told):
    with pytest.raises(PoliciesInvalid) as refused:
        policies.parse(text.encode(), policies.FILE)

    assert str(refused.value) == f"policies.toml {told}"

"""The ledger, first of all that it can fail."""

import json
import math

import numpy as np
import pytest

from shiftmath import Ledger
from shiftmath.pages.ledger import FalseClaim


@pytest.fixture
def ledger():
    """A ledger with one true claim and one control, ready for one more line."""
    made = Ledger("a title")
    made.equal("one is one", 1, 1, 0)
    made.fails("one is two", 1, 2, 0.5)
    return made


FALSE = [
    lambda m: m.equal("false", 1.0, 2.0, 0.5),
    lambda m: m.equal("false", 1.0 + 1e-9, 1.0, 1e-10),
    lambda m: m.equal("false", 2.0, 1.0, 0.999),
    lambda m: m.equal("false", [1.0, 1.0, 1.5], [1.0, 1.0, 1.0], 0.4),
    lambda m: m.equal("false", [[0.0], [1e-3]], 0.0, 1e-4),
    lambda m: m.equal("false", 1 + 1j, 1.0, 0.5),
    lambda m: m.equal("false", [1 + 0j, 1j], [1, 1], 0.5),
    lambda m: m.equal("false", False, True, 0),
    lambda m: m.at_most("false", 1.1, 1.0, 0.05),
    lambda m: m.at_most("false", [0.0, 3.0], [1.0, 2.0]),
    lambda m: m.at_least("false", 0.9, 1.0),
    lambda m: m.at_least("false", [0.0, 3.0], 1.0),
    lambda m: m.between("false", 1.0, 0.9, 2.0),
    lambda m: m.between("false", 1.0, 2.1, 2.0, 0.05),
    lambda m: m.between("false", [0.0, 1.0], [0.5, 0.5], 2.0),
    lambda m: m.between("false", 0.0, 1.0, [2.0, 0.5]),
    lambda m: m.between("false", 1.2, 1.1, 1.0, 0.15),  # an empty interval, whatever lies in its middle
    lambda m: m.slope("false", [1, 2, 4], [1, 2, 4], -1, 0.1),
    lambda m: m.slope("false", [1, 2, 4], [1, 4, 16], 1.8, 0.1),
    lambda m: m.fails("false", 1.0, 1.0, 0),
    lambda m: m.fails("false", [1.0, 2.0], [1.0, 2.1], 0.2),
    lambda m: m.fails("false", 1 + 1e-12j, 1.0, 1e-9),
]


@pytest.mark.parametrize("claim", FALSE)
def test_false_claims_and_controls_that_hold_raise_by_name(ledger, claim, capsys):
    claim(ledger)
    with pytest.raises(FalseClaim, match="1 of 3 false: false"):
        ledger.close()
    assert "FALSE" in capsys.readouterr().out or ledger.claims[-1].kind == "fails"


TRUE = [
    lambda m: m.equal("true", 1.0, 1.5, 0.5),
    lambda m: m.equal("true", [1j, -1j], [1j, -1j], 0),
    lambda m: m.equal("true", [3, 3, 3], 3, 0),
    lambda m: m.at_most("true", [0.0, 1.0], 1.0),
    lambda m: m.at_least("true", 5, 1),
    lambda m: m.between("true", 1.0, 1.0, 1.0),
    lambda m: m.between("true", [0.0, 1.0], [0.5, 1.5], 2.0),
    lambda m: m.between("true", [0.0, -1.0], 1.0, [1.0, 4.0]),
    lambda m: m.between("true", 1.01, 1.0, 1.0, 0.02),
    lambda m: m.slope("true", [1, 10, 100], [5, 0.5, 0.05], -1, 1e-12),
    lambda m: m.fails("true", [1.0, 2.0], [1.0, 2.1], 0.05),
    lambda m: m.fails("true", 1j, 1, 1.0),
]


@pytest.mark.parametrize("claim", TRUE)
def test_true_claims_close(ledger, claim):
    claim(ledger)
    ledger.close()
    assert all(c.holds for c in ledger.claims)


def test_every_false_claim_is_named(ledger):
    ledger.equal("black is white", 0, 1, 0)
    ledger.at_most("three is two", 3, 2)
    with pytest.raises(FalseClaim, match="2 of 4 false: black is white; three is two"):
        ledger.close()


@pytest.mark.parametrize(
    "bad", [math.nan, math.inf, -math.inf, [1.0, math.nan], complex(0, math.nan), [], np.zeros((0, 3))]
)
@pytest.mark.parametrize("kind", ["equal", "fails", "at_most", "at_least"])
def test_nan_infinity_and_empty_arrays_are_errors_on_either_side(ledger, bad, kind):
    with pytest.raises((ValueError, TypeError), match=r"claim 'bad': measured: got .*, takes finite"):
        getattr(ledger, kind)("bad", bad, 1.0, 1.0)
    with pytest.raises((ValueError, TypeError), match=r"claim 'bad': (expected|bound): got .*, takes finite"):
        getattr(ledger, kind)("bad", 1.0, bad, 1.0)


@pytest.mark.parametrize("tolerance", [-1.0, math.nan, math.inf, [1.0, 2.0], 1j])
def test_a_tolerance_is_one_number_of_at_least_zero(ledger, tolerance):
    with pytest.raises(ValueError, match=r"claim 'bad': tolerance: got .*, takes"):
        ledger.equal("bad", 1.0, 1.0, tolerance)


@pytest.mark.parametrize("value", ["one", None, object(), [[1.0], ["a"]], np.ma.array([1.0, 2.0], mask=[0, 1])])
def test_what_is_no_number_is_a_type_error(ledger, value):
    with pytest.raises(TypeError, match=r"claim 'bad': measured: got .*, takes finite numbers"):
        ledger.equal("bad", value, 1.0, 0)


def test_complex_numbers_have_no_order(ledger):
    with pytest.raises(TypeError, match=r"claim 'bad': measured: got dtype complex128, takes .* which have an order"):
        ledger.at_most("bad", 1j, 1.0)


def test_shapes_must_match(ledger):
    with pytest.raises(ValueError, match=r"claim 'bad': got shapes \(2,\) measured and \(3,\) expected"):
        ledger.equal("bad", [1.0, 1.0], [1.0, 1.0, 1.0], 0)
    with pytest.raises(ValueError, match="got shapes"):
        ledger.equal("bad", 1.0, [1.0, 1.0], 0)


def test_a_ledger_that_could_not_fail_is_refused():
    with pytest.raises(ValueError, match="takes at least one claim and one negative control"):
        Ledger("empty").close()
    without_control = Ledger("no control")
    without_control.equal("one is one", 1, 1, 0)
    with pytest.raises(ValueError, match="takes at least one claim and one negative control"):
        without_control.close()
    pinned = Ledger("pinned alone")
    pinned.equal("it is what it was", 0.5, 0.5, 0, evidence="pinned")
    pinned.fails("and not something else", 0.5, 0.6, 0)
    with pytest.raises(ValueError, match="got pinned claims alone, takes at least one that predicts"):
        pinned.close()
    only_control = Ledger("only a control")
    only_control.fails("one is two", 1, 2, 0)
    with pytest.raises(ValueError, match="takes at least one claim and one negative control"):
        only_control.close()


def test_closing_twice_and_adding_after_closing_are_errors(ledger):
    ledger.close()
    with pytest.raises(RuntimeError, match="is closed"):
        ledger.close()
    with pytest.raises(RuntimeError, match="is closed"):
        ledger.equal("late", 1, 1, 0)


@pytest.mark.parametrize("words", ["", "  ", None, 3])
def test_claims_and_titles_have_words(ledger, words):
    with pytest.raises(ValueError, match="takes words"):
        ledger.equal(words, 1, 1, 0)
    with pytest.raises(ValueError, match="takes words"):
        Ledger(words)


def test_the_same_words_twice_are_an_error(ledger):
    with pytest.raises(ValueError, match="claim 'one is one': got a claim made before"):
        ledger.equal("one is one", 1, 1, 0)


def test_the_worst_entry_is_shown(ledger):
    ledger.equal("array", [1.0, 2.5, 3.0], [1.0, 2.0, 3.1], 1.0)
    ledger.equal("complex", [1.0, 1j], [1.0, 2j], 2.0)
    array, number = ledger.claims[-2:]
    assert (array.expected, array.measured, array.error, array.ratio) == (2.0, 2.5, 0.5, 0.5)
    assert (number.expected, number.measured, number.error) == ([0.0, 2.0], [0.0, 1.0], 1.0)
    assert "0+2i" in repr(ledger)


def test_an_inequality_shows_where_it_is_tightest_and_what_is_left(ledger):
    ledger.at_most("below", [-0.97, -0.65, -0.8], 0.0)
    ledger.at_least("above", [3.0, 1.25, 2.0], 1.0, 0.5)
    ledger.between("inside", [0.0, 1.0, 2.0], [0.5, 1.0625, 2.5], 3.0)
    below, above, inside = ledger.claims[-3:]
    assert (below.measured, below.expected, below.error, below.slack, below.values) == (-0.65, 0.0, -0.65, 0.65, 3)
    assert (above.measured, above.error, above.slack, above.ratio) == (1.25, -0.25, 0.75, -0.5)
    assert (inside.measured, inside.expected, inside.error) == (1.0625, [1.0, 3.0], -0.0625)
    assert "1 to 3" in repr(ledger)


def test_every_row_says_how_many_values_and_on_what_evidence(ledger):
    ledger.equal("grid", np.zeros((7, 11)), 0, 0, evidence="exact identity")
    row = ledger.claims[-1].row()
    assert row[2:4] == ("exact identity", "77")
    with pytest.raises(ValueError, match="claim 'hearsay': evidence: got 'hearsay', takes one of 'proved by machine'"):
        ledger.equal("hearsay", 1, 1, 0, evidence="hearsay")


def test_shapes_of_an_interval_must_match(ledger):
    with pytest.raises(ValueError, match=r"got shapes \(2,\) value and \(3,\) lower and \(\) upper"):
        ledger.between("bad", [0, 0, 0], [1, 1], 2)
    with pytest.raises(ValueError, match=r"upper: got nan at \(\), takes finite numbers"):
        ledger.between("bad", 0, 1, math.nan)
    with pytest.raises(TypeError, match=r"value: got dtype complex128, takes .* which have an order"):
        ledger.between("bad", 0, 1j, 2)


def test_the_record_holds_every_claim_even_when_one_is_false(ledger, tmp_path, monkeypatch):
    path = tmp_path / "ledger.json"
    monkeypatch.setenv("SHIFTMATH_LEDGER", str(path))
    ledger.equal("black is white", 0, 1, 0)
    with pytest.raises(FalseClaim):
        ledger.close()
    lines = json.loads(path.read_text())
    assert [line["holds"] for line in lines] == [True, True, False]
    names = {"notebook", "claim", "kind", "expected", "measured", "tolerance", "evidence", "values", "slack", "holds"}
    assert names <= set(lines[0])
    assert [line["kind"] for line in lines] == ["equal", "fails", "equal"]
    assert list(tmp_path.iterdir()) == [path]


def test_without_the_variable_nothing_is_written(ledger, tmp_path, monkeypatch):
    monkeypatch.delenv("SHIFTMATH_LEDGER", raising=False)
    monkeypatch.chdir(tmp_path)
    ledger.close()
    assert not list(tmp_path.iterdir())


def test_html_escapes_and_has_one_row_a_claim(ledger):
    ledger.at_most("a < b", 1, 2)
    page = ledger._repr_html_()
    assert page.count("<tr>") == 4
    assert "a &lt; b" in page


def test_in_ipython_the_table_is_displayed(ledger):
    pytest.importorskip("IPython", reason="it comes with the notebooks extra")
    from IPython.testing.globalipapp import start_ipython
    from IPython.utils.capture import capture_output

    shell = start_ipython()
    shell.display_formatter.active_types = ["text/plain", "text/html"]
    shell.user_ns["ledger"] = ledger
    with capture_output() as captured:
        shell.run_cell("ledger.close()")
    assert "one is one" in captured.outputs[0].data["text/html"]

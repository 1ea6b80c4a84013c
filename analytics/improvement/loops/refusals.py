"""Why a deed on an improvement was refused, as a code that the desk has words for."""

from typing import Any


class ImprovementRefused(Exception):
    """Nothing was changed.

    Attributes:
        code: one of ``CODES``.
        facts: figures and names that the words may use, ready for JSON.
    """

    def __init__(self, code: str, **facts: Any) -> None:
        assert code in CODES, code
        self.code = code
        self.facts = facts
        told = ", ".join(f"{name} {value}" for name, value in facts.items())
        super().__init__(f"{CODES[code]}{f' ({told})' if told else ''}")


# With what the command line says.
CODES: dict[str, str] = {
    "not_found": "there is no such improvement",
    "changed_meanwhile": "it was changed meanwhile: look again before you go on",
    "is_closed": "it is closed",
    "wrong_draft": "it cannot be opened like this",
    "no_such_section": "it has no such section",
    "section_not_now": "this section is not written in this phase",
    "wrong_form": "what was written does not fit",
    "measures_not_now": "measures are planned in Plan and Improve, and done from Do on",
    "no_such_measure": "there is no such measure",
    "measure_is_done": "the measure is done already",
    "reason_missing": "a reason is needed",
    "cannot_step_back": "there is no phase before this one",
    "result_is_final": "the test was run: its result stays, and what is left is carried on",
    "nothing_to_carry_on": "only what was checked, or acted on, is carried on",
    "deviations_missing": "say first why the result is not the target",
    "rest_missing": "say first what is left for the next round",
    "wrong_entry": "this cannot be booked",
    "gain_not_shown": "a gain is booked once a test has shown it",
    "no_such_entry": "there is no such entry",
    "already_reversed": "the entry is reversed already",
    "no_such_signal": "there is no such signal",
    "wrong_judgement": "a signal is open, worked on, closed or noise",
    "note_missing": "say why it is noise",
    "signal_is_worked_on": "work on it is open: close that instead",
    "unknown_measure": "this is not measured",
    "unknown_step": "the process has no such step",
    "baseline_backwards": "the baseline ends before it begins",
    "baseline_not_over": "the days of the baseline must be over",
    "baseline_too_long": "the baseline is too long",
    "baseline_too_short": "the baseline has too few days with data",
    "begins_before_baseline": "no day before the baseline can be judged by it",
}

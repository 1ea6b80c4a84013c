"""What is new, as text for the terminal."""

import unicodedata
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analytics.questions.novelty import NoveltyAnswer

_WIDTH = 24


def novelty_text(answer: "NoveltyAnswer") -> str:
    """The answer as lines of text."""
    title = f"What is new in complaints, {answer.period}, against {answer.before}"
    if answer.empty:
        return f"{title}: no cases yet."
    before, after = answer.read
    lines = [title, f"{after:,} complaints read, {before:,} before.", ""]
    if answer.cut:
        lines[1] += " There are more; only the newest were read."
    lines += _words(answer)
    lines += ["", *_clusters(answer)]
    lines += [
        "",
        f"Each customer counts once in a period; behind every word are at least {answer.question.customers} of them.",
        f"Days in {answer.zone}.",
    ]
    return "\n".join(lines)


def _words(answer: "NoveltyAnswer") -> list[str]:
    tested = answer.tested
    if tested is None:
        return [f"No words: {answer.no_words}."]
    if not answer.words:
        return [f"None of {tested.looked_at:,} words and phrases has become more frequent than chance explains."]
    lines = [
        f"More frequent than before ({tested.looked_at:,} words and phrases tested; of these about "
        f"{answer.question.false_discoveries:.0%} by chance):",
        f"{_padded('')}{'before':>9}{'now':>9}{'q':>10}  without a fitting category",
    ]
    for word in answer.words:
        term = word.term
        lines.append(
            f"{_padded(term.term)}{term.before_share:>9.1%}{term.after_share:>9.1%}{term.q:>10.2g}"
            f"  {word.uncovered:.0%}, else {', '.join(key for key, _ in word.categories)}; "
            f"read {', '.join(word.cases[:3])}"
        )
    return lines


def _clusters(answer: "NoveltyAnswer") -> list[str]:
    if not answer.clusters:
        return ["No group of complaints without a fitting category says alike things."]
    lines = ["Groups of complaints without a fitting category:"]
    for seen in answer.clusters:
        found = seen.cluster
        rising = f", rising (p = {found.p:.2g})" if seen.is_rising and found.p is not None else ""
        lines.append(
            f"  {' · '.join(found.terms)}: {found.after} customers, {found.before} before{rising}; "
            f"read {', '.join(seen.cases[:3])}"
        )
    return lines


def _padded(term: str) -> str:
    # Chinese characters take two places of a terminal.
    width = sum(2 if unicodedata.east_asian_width(sign) in "WF" else 1 for sign in term)
    return term + " " * max(1, _WIDTH - width)

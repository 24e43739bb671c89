"""Where labels are known from, and what that lets them prove. Pure.

A label that is one arm's own answer makes that arm right by construction: it may show that the arms agree, never that
one is better, so no metric takes it, and the call waits for a label from elsewhere. One that somebody gave after they
saw the candidate's answer leans towards it: it counts and is said to be anchored. Where nobody said where a label comes
from, it is anchored if people saw the candidate's answer to that call.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from pilotage.evidence.measurements import Check, LabelBases
from pilotage.playbook.metrics import INCUMBENT_ANSWER

OWN_ANSWER = frozenset({"candidate", "incumbent"})
MEANING = (
    "A label counts as proof if whoever gave it did not have it from an arm. Given after people saw the candidate's "
    "answer it leans towards it, so the figure may flatter the candidate; state `independent` where it does not hang "
    "on what was shown. One arm's own answer is not taken for a label at all."
)


def is_taken(name: str, basis: str) -> bool:
    """Whether metrics read an outcome: not where it is one arm's own answer given for something that was learned. What
    the incumbent answered is told as `incumbent_answer`, which is no label.
    """
    return basis not in OWN_ANSWER or name == INCUMBENT_ANSWER


class Counted(Struct, frozen=True, kw_only=True):
    """Calls of one kind: whether people saw the candidate's answer, whether a label counts and what it is said to be
    known from, and whether one arm's own answer was given for a label.
    """

    calls: int
    seen: bool
    labelled: bool
    basis: str
    own: bool


def bases(stage: str, counted: Iterable[Counted]) -> LabelBases:
    """One stage's labels by what they are known from. In whatever order: they are only added up."""
    independent = after = unsaid = own = 0
    for one in counted:
        own += one.calls if one.own else 0
        if not one.labelled:
            continue
        if one.basis == "independent":
            independent += one.calls
        elif one.basis == "after_suggestion" or one.seen:
            after += one.calls
        else:
            unsaid += one.calls
    return LabelBases(stage=stage, independent=independent, after_suggestion=after, unsaid=unsaid, own_answer=own)


def labelled_calls(found: LabelBases) -> int:
    """Calls with a label that counts."""
    return found.independent + found.after_suggestion + found.unsaid


def anchored_share(found: LabelBases) -> float | None:
    """The share of labels that were given after people saw the candidate's answer; None without a label."""
    calls = labelled_calls(found)
    return found.after_suggestion / calls if calls else None


def labels_check(found: LabelBases) -> Check | None:
    """The condition that a stage's labels come from elsewhere than the arms; None where there is none to speak of."""
    share = anchored_share(found)
    if share is None and not found.own_answer:
        return None
    return Check(
        id=f"label_bases:{found.stage}",
        title=f"Labels name their source, {found.stage}",
        verdict="not_estimable" if share is None else "violated" if share else "held",
        meaning=MEANING,
        reason=said_of(found),
        figure=share,
        bound=0.0,
    )


def said_of(found: LabelBases) -> str:
    """How many labels are known from where, in sentences."""
    calls = labelled_calls(found)
    if not calls:
        said = "No label counts."
    elif found.after_suggestion:
        share = found.after_suggestion / calls
        said = (
            f"{found.after_suggestion:,} of {calls:,} labels ({share:.1%}) are anchored: given, or not said to be "
            "given otherwise, after people saw the candidate's answer."
        )
    else:
        said = f"None of {calls:,} labels is anchored, as far as was said; {found.independent:,} are independent."
    if found.own_answer:
        noun = "call" if found.own_answer == 1 else "calls"
        said += f" For {found.own_answer:,} {noun} one arm's own answer was given for a label, which is not taken."
    return said


def in_words(found: LabelBases | None) -> str:
    """What anchored labels do to a figure, as a part of a plain sentence; empty where they do nothing."""
    if found is None or not found.after_suggestion:
        return ""
    return (
        f"{found.after_suggestion:,} of {labelled_calls(found):,} labels are anchored, given after people saw the "
        "candidate's answer, so it may look better than it is"
    )

"""The desk's six reviews: opened while the problem is chosen, answered and concluded while it is hardened."""

from __future__ import annotations

import datetime as dt

from pilotage.demo.cast import ENGINEER, OPERATOR, OWNER, REVIEWERS, SECURITY
from pilotage.demo.stage import Stage

ANSWERS: dict[str, str] = {
    "human-oversight": "The desk's lead sees every warning before it is sent and may take it back within ten minutes.",
    "incidents": "A storm day with more than half of all flights warned; the desk's lead within the hour, by phone.",
    "people-affected": "Passengers who wait unwarned, or hurry for nothing; the warning names the desk's number.",
    "supplier-changes": "Only the weather service; without it the table decides, from the next flight on.",
    "attack-surface": "None from outside: it reads the schedule and the weather service, no text that people write.",
    "hostile-input": "Values far out of range were tried, 200 of them; each fell back to the table.",
    "secrets": "One key to the weather service, in the environment of the service, changed each quarter.",
    "access": "Yuki Tanaka changes the code by reviewed change, Imke Brandt the exposure, up to the ceiling.",
    "dependencies": "numpy and the standard library, pinned in the lock file; no weights from outside.",
    "lawful-basis": "No personal data are used: schedules and weather, both public.",
    "minimised": "The airline was left out of the candidate's input, with no loss.",
    "data-rights": "Nothing is held about a person, so there is nothing to object to or erase.",
    "trained-on": "Flights of the first half of the year; nothing in them is about a person.",
    "risk-class": "Minimal risk: it warns of delays, decides on nobody's rights and is no use that Annex III lists.",
    "rules-that-apply": "The airport's rules for passenger notices; section 2 asks for the time of the next one.",
    "told-it-is-ai": "The desk sees which answer is the model's; the notice to passengers says that it is a forecast.",
    "fails-more-for": "By origin airport: none of the three is worse than the table, as the segments show.",
    "beyond-its-limits": "Not for cancellations in winter, which it has not seen; those months stay with the table.",
    "residual-risk": "Some flights are still warned of for nothing, fewer than before; Imke Brandt accepts that.",
    "who-runs-it": "The operations group, four people of whom two know it, during the desk's hours.",
    "rollback": "By the kill switch, in under a second; the table needs nothing to take over.",
    "spending-limit": "Next to nothing: processor time of the desk's own machine.",
    "house-standards": "It is the desk's first service in Python; the operations group agreed.",
    "change-path": "Reviewed change, tests, then a new release in shadow until it is shown to be no worse.",
    "way-out": "The table is kept up to date; the call records go after a year, the ledger stays.",
    "owner": "Imke Brandt, who decides on the desk's service and its people.",
}
FINDING = "The service does not notice when the weather feed stands still; say in the runbook how somebody would."
SETTLED = "The runbook now has a step for it, and the desk's lead was shown it."


def open_reviews(stage: Stage, due: dt.date) -> None:
    """The owner opens what is not open yet."""
    opened = (stage.record(OWNER) or {})["reviews"]["opened"]
    for area in REVIEWERS:
        if area not in opened:
            fields = {"review": area, "due": due.isoformat()}
            stage.does(OWNER, "open_review", fields, note=f"{OWNER.name} opens the {area} review")


def answer(stage: Stage) -> None:
    """The engineer takes over what was measured or is on record, and writes the rest."""
    reviews = stage.reads(ENGINEER, f"/workloads/{stage.slug}/reviews")["reviews"]
    asked = {question["id"]: question for review in reviews for question in review["questions"]}
    for name, question in asked.items():
        if question["answer"] is None:
            known = question["proposal"]
            said = known["text"] if known else ANSWERS[name]
            stage.does(ENGINEER, "answer_question", {"question": name, "answer": said})


def conclude(stage: Stage, due: dt.date) -> None:
    """Each reviewer reads and concludes their own; one finding is raised, mended and closed on the way."""
    found = (stage.record(OWNER) or {})["reviews"]["findings"]
    if not found:
        fields = {
            "review": "risk",
            "severity": "medium",
            "owner": stage.id_of(OPERATOR),
            "due": due.isoformat(),
            "finding": FINDING,
        }
        stage.does(SECURITY, "raise_finding", fields, note=f"{SECURITY.name} finds: {FINDING}")
    if not found or found["risk-1"]["closed"] is None:
        stage.does(SECURITY, "close_finding", {"number": "risk-1", "reason": SETTLED})
    for review in stage.reads(OWNER, f"/workloads/{stage.slug}/reviews")["reviews"]:
        if not review["approved"]:
            person = REVIEWERS[review["area"]]
            given: dict[str, str | int] = {
                "review": review["area"],
                "outcome": "approve",
                "statement": "I read every answer beside what was measured; nothing is open.",
                "digest": review["digest"],
                "minutes": 30,
            }
            stage.does(person, "conclude_review", given, note=f"{person.name} approves the {review['area']} review")

"""What a command's fields can be on one workload now: people, criteria, releases, phases. Pure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pilotage.playbook.loading import shipped
from pilotage.playbook.types import Criterion
from pilotage.record.areas.classifying import LANES
from pilotage.record.areas.costing import CATEGORY_TITLES
from pilotage.record.areas.data import BASES
from pilotage.record.rules.piloting import attestable
from pilotage.server.pages import deciding_forms, feedback_forms, operating_forms, outside_forms, review_forms
from pilotage.server.pages.forms import Option
from pilotage.server.pages.people import People
from pilotage.server.pages.wording import MODES, SOURCES, role
from pilotage.workflow.desk import Judgement

Choices = Mapping[str, Sequence[Option]]
SCALES = ("impact", "feasibility", "readiness")
SCORES = tuple(Option(value=str(score), label=str(score)) for score in range(1, 6))


def choices_of(name: str, judgement: Judgement, people: People, person: str) -> Choices:
    """The choices of a command's fields."""
    make = _CHOICES.get(name)
    return make(judgement, people, person) if make else {}


def proposing() -> Choices:
    """The choices of a new problem's fields."""
    return {"cadence": [Option(value=name, label=role(name)) for name in shipped()]}


def _score(judgement: Judgement, _people: People, _person: str) -> Choices:
    """Each step with what it means, where the playbook says so."""
    anchored: dict[str, Sequence[Option]] = {
        str(scale.id): [
            Option(value=str(step), label=f"{step}: {text}") for step, text in enumerate(scale.steps, start=1)
        ]
        for scale in judgement.playbook.scales
    }
    return {**dict.fromkeys(SCALES, SCORES), **anchored}


def _classify(judgement: Judgement, _people: People, _person: str) -> Choices:
    """Each answer in the playbook's words, with the lane that it stands for."""
    return {
        risk.id: [Option(value=lane, label=f"{risk.answer(lane)} ({lane})") for lane in LANES]
        for risk in judgement.playbook.risks
    }


def _assign(judgement: Judgement, people: People, _person: str) -> Choices:
    roles = ["owner", "sponsor", *(f"reviewer:{review.id}" for review in judgement.playbook.reviews)]
    return {
        "role": [Option(value=one, label=role(one)) for one in roles],
        "person": people.options,
    }


def _criterion_option(criterion: Criterion) -> Option:
    return Option(value=criterion.id, label=f"{criterion.id}: {criterion.title}")


def _open(judgement: Judgement, fits: Callable[[Criterion], bool]) -> list[Option]:
    """The criteria of the lane that fit, those of the current gate first."""
    here = judgement.workload.phase
    fitting = [
        criterion
        for phase in judgement.playbook.phases
        for criterion in phase.criteria
        if criterion.id in judgement.verdicts and fits(criterion)
    ]
    ordered = sorted(fitting, key=lambda criterion: judgement.verdicts[criterion.id].phase != here)
    return [_criterion_option(criterion) for criterion in ordered]


def _attest(judgement: Judgement, _people: People, _person: str) -> Choices:
    return {"criterion": _open(judgement, attestable)}


def _waive(judgement: Judgement, _people: People, _person: str) -> Choices:
    verdicts = judgement.verdicts
    return {"criterion": _open(judgement, lambda one: one.waivable and verdicts[one.id].verdict != "met")}


def _phases(judgement: Judgement) -> list[Option]:
    return [Option(value=phase.id, label=phase.title) for phase in judgement.playbook.phases]


def _advance(judgement: Judgement, _people: People, _person: str) -> Choices:
    phases = _phases(judgement)
    at = [phase.value for phase in phases].index(judgement.workload.phase)
    return {"to_phase": phases[at + 1 : at + 2]}


def _go_back(judgement: Judgement, _people: People, _person: str) -> Choices:
    phases = _phases(judgement)
    at = [phase.value for phase in phases].index(judgement.workload.phase)
    return {"to_phase": phases[:at]}


def _declare(judgement: Judgement, _people: People, _person: str) -> Choices:
    running = judgement.workload.attempt.release if judgement.workload.attempt else None
    names = [name for name in reversed(judgement.workload.releases) if name != running]
    return {"release": [Option(value=name, label=name) for name in names]}


def _resolve(judgement: Judgement, _people: People, _person: str) -> Choices:
    broken = dict.fromkeys(breach.metric for breach in judgement.workload.open_breaches)
    return {"metric": [Option(value=metric, label=metric) for metric in broken]}


def _decide(_judgement: Judgement, _people: People, _person: str) -> Choices:
    words = {"go": "Go", "no_go": "No-go", "extend": "One extension"}
    return {"outcome": [Option(value=value, label=label) for value, label in words.items()]}


def _clear(judgement: Judgement, _people: People, person: str) -> Choices:
    mine = [area for area in ("privacy", "security") if judgement.workload.reviewers.get(area) == person]
    return {"area": [Option(value=area, label=area) for area in mine]}


def _expose(_judgement: Judgement, _people: People, _person: str) -> Choices:
    return {"mode": [Option(value=mode, label=f"{mode}: {text}") for mode, text in MODES.items()]}


def _plan_production(_judgement: Judgement, people: People, _person: str) -> Choices:
    return {"production_owner": people.options}


def _choose_source(_judgement: Judgement, _people: People, _person: str) -> Choices:
    return {"choice": [Option(value=value, label=label) for value, label in SOURCES.items()]}


def _cost_line(_judgement: Judgement, _people: People, _person: str) -> Choices:
    per = {"once": "Once", "year": "Every year", "call": "With every call"}
    return {
        "category": [Option(value=value, label=label) for value, label in CATEGORY_TITLES.items()],
        "per": [Option(value=value, label=label) for value, label in per.items()],
    }


def _production(_judgement: Judgement, _people: People, _person: str) -> Choices:
    words = {
        "year": "A year, at the expected result",
        "call": "A call, at the expected result",
        "unit": "One unit of the target metric gained",
    }
    return {"worth_of": [Option(value=value, label=label) for value, label in words.items()]}


def _audiences(judgement: Judgement) -> list[Option]:
    named = judgement.workload.change.present.items()
    return [Option(value=name, label=audience.title) for name, audience in named]


def _contact(_judgement: Judgement, people: People, _person: str) -> Choices:
    return {"contact": people.options}


def _plan_stream(judgement: Judgement, people: People, _person: str) -> Choices:
    streams = [Option(value=stream.id, label=stream.title) for stream in judgement.playbook.streams]
    return {"stream": streams, "owner": people.options}


def _releases(judgement: Judgement, _people: People, _person: str) -> Choices:
    return {"release": [Option(value=name, label=name) for name in reversed(judgement.workload.releases)]}


def _of_audience(judgement: Judgement, _people: People, _person: str) -> Choices:
    return {"audience": _audiences(judgement)}


def _drifted(judgement: Judgement, _people: People, _person: str) -> Choices:
    seen = judgement.workload.drifting.newest
    return {"field": [Option(value=name, label=name) for name in (seen.fact.alarms if seen else ())]}


def _completion(judgement: Judgement, _people: People, _person: str) -> Choices:
    modules = judgement.workload.training.modules.values()
    titles = [Option(value=one.fact.id, label=one.fact.title) for one in modules]
    return {"audience": _audiences(judgement), "module": titles}


def _list_source(_judgement: Judgement, people: People, _person: str) -> Choices:
    return {"basis": [Option(value=value, label=words) for value, words in BASES.items()], "owner": people.options}


def _of_source(judgement: Judgement, _people: People, _person: str) -> Choices:
    samples, sources = judgement.workload.data.samples, judgement.workload.data.sources
    return {"source": [Option(value=name, label=sources[name].fact.title) for name in samples]}


_CHOICES: dict[str, Callable[[Judgement, People, str], Choices]] = {
    "score": _score,
    "classify_risk": _classify,
    "assign": _assign,
    "attest": _attest,
    "waive": _waive,
    "advance": _advance,
    "go_back": _go_back,
    "declare_for_evaluation": _declare,
    "resolve_breach": _resolve,
    "decide": _decide,
    "clear_pilot": _clear,
    "expose": _expose,
    "plan_production": _plan_production,
    "choose_source": _choose_source,
    **review_forms.CHOICES,
    "estimate_cost_line": _cost_line,
    "estimate_production": _production,
    **operating_forms.CHOICES,
    **outside_forms.CHOICES,
    **deciding_forms.CHOICES,
    **feedback_forms.CHOICES,
    "name_audience": _contact,
    "plan_stream": _plan_stream,
    "change_work": _of_audience,
    "tell_audience": _of_audience,
    "require_training": _releases,
    "say_what_people_see": _releases,
    "record_completion": _completion,
    "explain_drift": _drifted,
    "drop_learner": _of_audience,
    "list_source": _list_source,
    "argue_sample": _of_source,
}

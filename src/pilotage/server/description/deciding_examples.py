"""Examples of the commands about whom a decision reaches, on the triage of support tickets."""

from __future__ import annotations

from pilotage.record.areas import deciding as d
from pilotage.record.commands import Command

_DECIDED = "2c624232cc221771294dfbb310aca000a0df6ac8b66b696d90ef06fdefb64a3b"
DECIDING_EXAMPLES: tuple[Command, ...] = (
    d.NameRecipient(person="ines", why="Her team answers the tickets that triage sends to billing."),
    d.SendDecision(digest=_DECIDED, message="The rebuild begins on Monday; the plan is on the Operating model page."),
    d.ConfirmReceipt(digest=_DECIDED),
    d.Dissent(digest=_DECIDED, reason="I would have extended: the billing team saw too few tickets to tell."),
)

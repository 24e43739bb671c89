"""Ticket triage: today's rules serve, and the model runs beside them as far as the record allows.

Run it with `python app.py`. The tickets are made up, and say so with source="synthetic", so that no gate counts them.
Take `source` away when real ones come through.
"""

import random

import model
import pilotage

desk = pilotage.workload("ticket-triage", source="synthetic")

QUEUES = {
    "billing": ("invoice is wrong", "charged twice", "refund has not come"),
    "access": ("cannot sign in", "password does not work", "account is locked"),
    "delivery": ("parcel has not come", "package arrived broken", "courier went to the old address"),
}


@desk.incumbent
def rules(ticket):
    """How the work is done today: a few words decide."""
    words = ticket["subject"]
    if "invoice" in words or "charged" in words:
        return "billing"
    return "access" if "sign" in words or "password" in words else "delivery"


desk.candidate(release="2026.1")(model.queue_of)


def main():
    """Send some tickets through, and say later which queue each belonged to."""
    chance = random.Random(7)
    right = total = 0
    for number in range(300):
        queue, subjects = chance.choice(list(QUEUES.items()))
        ticket = {"number": number, "subject": chance.choice(subjects), "language": chance.choice(["de", "en"])}
        customer = f"customer-{chance.randrange(80)}"
        answer = desk.call(ticket, unit=customer, segment={"language": ticket["language"]})
        desk.outcome(answer.call_id, "queue", queue)
        right += answer.value == queue
        total += 1
    print(f"{total} tickets, {right} sent to the right queue, exposure {desk.exposure.mode}: {desk.exposure.reason}")


if __name__ == "__main__":
    main()

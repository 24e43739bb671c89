"""The candidate: a few word counts. The release's digest is made of this file; put your own model here."""

from collections import Counter

LEARNED_FROM = {
    "billing": "invoice wrong amount charged twice refund money paid bill refund has not come",
    "access": "cannot sign in password does not work account locked login",
    "delivery": "parcel package courier arrived broken address late parcel has not come",
}
WORDS = {queue: Counter(text.split()) for queue, text in LEARNED_FROM.items()}


def queue_of(ticket):
    """The queue whose words the subject shares most."""
    words = ticket["subject"].split()
    return max(WORDS, key=lambda queue: sum(WORDS[queue][word] for word in words))

"""The workspace through its server: with a token that was given, or on its own machine with one made for this run."""

from __future__ import annotations

import datetime as dt
import http.client
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlsplit

from pilotage.cli.access import Json
from pilotage.cli.acting import acting, real_now
from pilotage.cli.failures import CliError
from pilotage.cli.in_place import opened, usernames
from pilotage.client import ApiRefused, Client
from pilotage.record.commands import ASKS_CREDENTIAL

if TYPE_CHECKING:
    from pilotage.cli.invocation import Invocation
    from pilotage.operations.announcing import Announcement
    from pilotage.workflow.workspace import Workspace

PAGE = 200
ANSWER_S = 2.0
OWN_TOKEN_LIFETIME = dt.timedelta(minutes=10)
OWN_TOKEN_SCOPES = ("read", "command", "record")
NOT_FOUND = 404


def answers(url: str) -> bool:
    """Whether a server answers at this address."""
    parts = urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=ANSWER_S)
    try:
        connection.request("GET", f"{parts.path}/healthz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


class OverHttp:
    """An `Access` through a server, as the person that the token acts for."""

    def __init__(self, run: Invocation, url: str, token: str) -> None:
        self._run = run
        self._reading = Client(url, token)
        self.where = url

    def workloads(self) -> list[Json]:
        """Every workload at a glance, in the order of their names."""
        found: list[Json] = []
        after: str | None = None
        while True:
            page = self._reading.get("/workloads", limit=PAGE, after=after)
            found += page["items"]
            after = page["next"]
            if after is None:
                return found

    def workload(self, slug: str) -> Json:
        """One workload at a glance."""
        return self._one(f"/workloads/{quote(slug, safe='')}")

    def portfolio(self) -> Json:
        """The portfolio in figures."""
        return self._one("/portfolio")

    def inbox(self) -> Json:
        """What waits for whoever acts."""
        return self._one("/inbox")

    def gates(self, slug: str) -> list[Json]:
        """Every gate of a workload."""
        return list(self._reading.get(f"/workloads/{quote(slug, safe='')}/gates"))

    def reviews(self, slug: str) -> Json:
        """The reviews of a workload."""
        return self._one(f"/workloads/{quote(slug, safe='')}/reviews")

    def charter(self, slug: str) -> Json:
        """The versions and signatures of a workload's charter."""
        return self._one(f"/workloads/{quote(slug, safe='')}/charter")

    def outside(self, slug: str) -> Json:
        """The results that were brought from outside."""
        return self._one(f"/workloads/{quote(slug, safe='')}/outside-results")

    def feedback(self, slug: str) -> Json:
        """What users say of a workload."""
        return self._one(f"/workloads/{quote(slug, safe='')}/feedback")

    def blind_pair(self, slug: str) -> Json:
        """The pair that whoever asks is to judge blind now."""
        return self._one(f"/workloads/{quote(slug, safe='')}/blind-pair")

    def candidates(self) -> Json:
        """The candidate problems."""
        return self._one("/candidates")

    def assessments(self) -> Json:
        """The assessments of the organisation."""
        return self._one("/assessments")

    def assessment(self, assessment: str) -> Json:
        """One assessment of the organisation."""
        return self._one(f"/assessments/{quote(assessment, safe='')}")

    def data(self, slug: str) -> Json:
        """The data sources of a workload."""
        return self._one(f"/workloads/{quote(slug, safe='')}/data")

    def section(self, slug: str, section: str) -> Json:
        """One section of a workload's evidence."""
        return self._one(f"/workloads/{quote(slug, safe='')}/evidence/{quote(section, safe='')}")

    def documents(self, slug: str) -> list[Json]:
        """The documents of a workload."""
        return list(self._reading.get(f"/workloads/{quote(slug, safe='')}/documents"))

    def document(self, slug: str, document: str, form: str) -> bytes:
        """A document of a workload."""
        file = quote(f"{document}.{form}", safe="")
        return self._reading.file(f"/workloads/{quote(slug, safe='')}/documents/{file}")

    def audit_pack(self, slug: str) -> bytes:
        """The audit pack of a workload."""
        return self._reading.file(f"/workloads/{quote(slug, safe='')}/audit-pack")

    def record(self, slug: str) -> Json | None:
        """Everything recorded of a workload."""
        try:
            return self._one(f"/workloads/{quote(slug, safe='')}/record")
        except ApiRefused as error:
            if error.status == NOT_FOUND:
                return None
            raise

    def me(self) -> Json:
        """Who acts."""
        found: Json = self._writing().get("/me")
        return found

    def people(self) -> list[Json]:
        """Everybody known."""
        return list(self._reading.get("/people")["people"])

    def is_demonstration(self) -> bool:
        """Whether the workspace is one."""
        return bool(self._reading.get("/keys")["demonstration"])

    def give(self, slug: str, command: str, fields: Json) -> Json:
        """Give a command. The key makes a repetition harmless, should the answer get lost."""
        client, credential = self._writing(), None
        if command in ASKS_CREDENTIAL:
            credential = self._credential()
        receipt: Json = client.command(slug, command, fields, credential=credential, key=uuid.uuid4().hex)
        return receipt

    def give_for_organisation(self, command: str, fields: Json) -> Json:
        """Give a command about the organisation; the key makes a repetition harmless."""
        receipt: Json = self._writing().organisation_command(command, fields, key=uuid.uuid4().hex)
        return receipt

    def take_outcomes(self, slug: str, outcomes: list[Json]) -> Json:
        """Store outcomes durably."""
        taken: Json = self._writing().post("/outcomes", {"workload": slug, "outcomes": outcomes})
        return taken

    def entries(self, after: int, limit: int) -> list[Json]:
        """The ledger's entries after a position."""
        return list(self._reading.get("/ledger", after=after, limit=limit)["entries"])

    def verification(self) -> Json:
        """What checking the whole ledger finds."""
        return self._one("/ledger/verify")

    def close(self) -> None:
        """Close the connection."""
        self._reading.close()

    def _one(self, path: str) -> Json:
        found: Any = self._reading.get(path)
        if not isinstance(found, dict):
            raise CliError("not-understood", f"{self.where} answered {path} with something else; is it Pilotage?")
        return found

    def _writing(self) -> Client:
        """The connection by which somebody acts."""
        return self._reading

    def _credential(self) -> str:
        """The password, in the form in which a header can carry it."""
        return as_header(self._run.password("whoever this token acts for"))


def as_header(password: str) -> str:
    """A header holds Latin-1; the server takes these characters for the bytes of UTF-8 that they stand for."""
    return password.encode("utf-8", "surrogatepass").decode("latin-1")


class ThroughOwnServer(OverHttp):
    """An `Access` through the server that runs for this very folder: reading needs no more than the folder's files,
    acting the account's password, for which a token is made that ends with the run.
    """

    def __init__(self, run: Invocation, announcement: Announcement) -> None:
        super().__init__(run, announcement.url, announcement.token)
        self._own: Client | None = None
        self._own_token = ""
        self._proven = ""
        self._workspace: Workspace | None = None

    def people(self) -> list[Json]:
        """Everybody known, with the names of their accounts."""
        return usernames(self._files())

    def close(self) -> None:
        """Close the connections and end the token."""
        super().close()
        if self._own is not None:
            self._own.close()
        if self._workspace is not None:
            if self._own_token:
                self._workspace.accounts.revoke_token(self._own_token, real_now())
            self._workspace.close()

    def _writing(self) -> Client:
        if self._own is None:
            accounts = self._files().accounts
            who = acting(self._run, accounts)
            now = real_now()
            issued = accounts.issue_token(
                "command line",
                person=who.person,
                scopes=OWN_TOKEN_SCOPES,
                created_by=who.person,
                now=now,
                expires=now + OWN_TOKEN_LIFETIME,
            )
            self._own, self._own_token = Client(self.where, issued.secret), issued.token.token
            self._proven = who.username if who.proven else ""
        return self._own

    def _credential(self) -> str:
        if not self._proven:
            acting(self._run, self._files().accounts).check_signature()
        return as_header(self._run.password(self._proven))

    def _files(self) -> Workspace:
        if self._workspace is None:
            self._workspace = opened(self._run.home)
        return self._workspace

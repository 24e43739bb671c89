"""Takes an AI workload from pilot to production, with proof. What is here is what an application imports."""

from pilotage.runtime.answer import Answer
from pilotage.runtime.errors import InvalidUse
from pilotage.runtime.process import flush, workload
from pilotage.runtime.release import release_digest
from pilotage.runtime.workload import Exposure, Workload

__all__ = ["Answer", "Exposure", "InvalidUse", "Workload", "flush", "release_digest", "workload"]

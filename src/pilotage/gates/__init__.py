"""The playbook, the record and the evidence become verdicts, and the verdicts a ceiling. Pure."""

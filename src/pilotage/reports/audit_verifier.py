"""Check an audit pack with Python alone: no network, no package, nothing of the product.

    python -I verify.py [PACK] [--root HEAD]

PACK is the pack's zip, or the folder that it was unpacked into; without it, the folder that this file is in. HEAD is a
tree head that is known from elsewhere, which the ledger has to have. Ends with 0 when everything holds, with 1 when
anything does not, and with 2 when there is nothing that could be checked. Needs Python 3.9 or later.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import math
import sys
import zipfile
from pathlib import Path
from typing import Any

PACK = "pilotage-audit-pack/1"
PART = "pilotage-ledger-part/1"
MANIFEST = "MANIFEST.json"
HASHED = ("actor", "at", "kind", "position", "sequence", "simulated", "workload")
SAFE = 2**53 - 1
PLAIN_UPTO, PLAIN_FROM = 21, -6
Json = dict[str, Any]


class Broken(Exception):
    """Something is not in the form that it has to be in."""


def canonical(value: Any) -> str:  # noqa: ANN401 - whatever JSON can say
    """Canonical JSON (RFC 8785) of what `read_json` gave, as text."""
    if isinstance(value, dict):
        members = sorted(value.items(), key=lambda member: member[0].encode("utf-16-be"))
        return "{" + ",".join(f"{canonical(name)}:{canonical(member)}" for name, member in members) + "}"
    if isinstance(value, list):
        return "[" + ",".join(map(canonical, value)) + "]"
    if isinstance(value, float):
        return number(value)
    return json.dumps(value, ensure_ascii=False)


def number(value: float) -> str:
    """A floating-point number as ECMAScript writes it: the shortest digits that read the same."""
    if not math.isfinite(value):
        raise Broken("a number is not finite")
    if value == 0:
        return "0"
    sign, (digits, exponent) = "-" if value < 0 else "", _shortest(abs(value))
    point = exponent + len(digits)
    if len(digits) <= point <= PLAIN_UPTO:
        return sign + digits + "0" * (point - len(digits))
    if 0 < point <= PLAIN_UPTO:
        return f"{sign}{digits[:point]}.{digits[point:]}"
    if PLAIN_FROM < point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    rest = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{sign}{digits[0]}{rest}e{point - 1:+d}"


def _shortest(value: float) -> tuple[str, int]:
    """The digits without zeros at their ends, and the power of ten of the last one."""
    mantissa, _, power = repr(value).partition("e")
    whole, _, after = mantissa.partition(".")
    after = "" if after == "0" else after
    digits, exponent = (whole + after).lstrip("0"), int(power or 0) - len(after)
    bare = digits.rstrip("0")
    return bare, exponent + len(digits) - len(bare)


def read_json(text: str) -> Any:  # noqa: ANN401 - whatever JSON can say
    """What JSON says; a whole number too large to be exact was a floating-point number, and is one again."""

    def whole(digits: str) -> int | float:
        found = int(digits)
        return found if abs(found) <= SAFE else float(digits)

    try:
        return json.loads(text, parse_int=whole)
    except ValueError as error:
        raise Broken(f"it is no JSON: {error}") from error


def sha256(data: bytes) -> str:
    """The SHA-256 digest in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def leaf_of(entry: Json) -> str:
    """The RFC 9162 leaf of an entry, in hexadecimal."""
    hashed = {name: entry[name] for name in HASHED}
    hashed["format"], hashed["payload"] = 1, entry["payload"]
    return sha256(b"\x00" + canonical(hashed).encode("utf-8"))


def head_of(size: int, known: dict[tuple[int, int], bytes]) -> str:
    """The RFC 9162 tree head over `size` leaves. `known` has the root of each stretch, by first and last position."""

    def over(first: int, last: int) -> bytes:
        if (first, last) in known:
            return known.pop((first, last))
        if first == last:
            raise Broken(f"nothing is known of position {first}")
        half = 1
        while half * 2 < last - first + 1:
            half *= 2
        return hashlib.sha256(b"\x01" + over(first, first + half - 1) + over(first + half, last)).digest()

    head = over(1, size) if size else hashlib.sha256(b"").digest()
    if known:
        raise Broken(f"{len(known)} lines have no place in the tree")
    return head.hex()


class Check:
    """One pack, and what was found wrong with it."""

    def __init__(self, files: dict[str, bytes]) -> None:
        self.files = files
        self.problems: list[str] = []
        self.done: list[str] = []
        self.entries: dict[int, Json] = {}
        self.size, self.root = 0, ""

    def must(self, holds: bool, problem: str) -> None:  # noqa: FBT001 - reads as a sentence
        """Note a problem unless something holds."""
        if not holds:
            self.problems.append(problem)

    def run(self, known_root: str | None) -> None:
        """Every check, in order."""
        manifest = self.manifest()
        self.listed(manifest)
        self.ledger(manifest, known_root)
        self.texts(manifest)
        self.evidence(manifest)
        self.documents(manifest)

    def manifest(self) -> Json:
        """The manifest, which has exactly one form."""
        raw = self.files.get(MANIFEST)
        if raw is None:
            raise Broken(f"there is no {MANIFEST}")
        manifest = read_json(raw.decode("utf-8"))
        if not isinstance(manifest, dict) or manifest.get("format") != PACK:
            raise Broken(f"{MANIFEST} is not of the format {PACK}")
        self.must((canonical(manifest) + "\n").encode() == raw, f"{MANIFEST}: it is not written as it has to be.")
        return manifest

    def listed(self, manifest: Json) -> None:
        """Every file has the digest that the manifest gives, and there is no other."""
        for name, digest in manifest["files"].items():
            there = self.files.get(name)
            self.must(there is not None, f"{name}: it is missing.")
            self.must(there is None or sha256(there) == digest, f"{name}: it is not the file that was packed.")
        for name in sorted(set(self.files) - set(manifest["files"]) - {MANIFEST}):
            self.problems.append(f"{name}: it was not in the pack.")
        self.done.append(f"{len(manifest['files'])} files against the digests of the manifest")

    def ledger(self, manifest: Json, known_root: str | None) -> None:
        """Every entry against its leaf, its place and the tree head."""
        lines = self.files[manifest["ledger"]].decode("utf-8").splitlines()
        first = read_json(lines[0])
        if first.get("format") != PART:
            raise Broken(f"the ledger is not of the format {PART}")
        self.size, self.root = first["entries"], first["root"]
        known: dict[tuple[int, int], bytes] = {}
        sequence = 0
        for text in lines[1:]:
            line = read_json(text)
            if "from" in line:
                known[line["from"], line["to"]] = bytes.fromhex(line["root"])
                continue
            position, sequence = line["position"], sequence + 1
            leaf = leaf_of(line)
            self.must(leaf == line["leaf"], f"Entry {position}: it is not the one that was hashed.")
            self.must(line["sequence"] == sequence, f"Entry {position}: one of the workload's is missing before it.")
            self.must(line["workload"] == manifest["workload"], f"Entry {position}: it is another workload's.")
            self.entries[position] = line
            known[position, position] = bytes.fromhex(leaf)
        found = head_of(self.size, known)
        self.must(found == self.root, f"The tree head over the entries is {found}, not {self.root}.")
        named = (manifest["root"], manifest["entries"]) == (self.root, self.size)
        self.must(named, f"{MANIFEST}: it names another tree head than the ledger.")
        if known_root is not None:
            self.must(self.root == known_root, f"The tree head is {self.root}, not the one that is known.")
        last = self.entries[max(self.entries)]
        self.must(manifest["made_at"] == last["at"], f"{MANIFEST}: its time is not that of the newest entry.")
        self.done.append(f"{len(self.entries)} entries of the workload, each in the tree over all {self.size}")

    def texts(self, manifest: Json) -> None:
        """Every personal text against the commitment in its entry; what is not there has to be marked as erased."""
        given: dict[tuple[int, str], Json] = {}
        for text in self.files[manifest["texts"]].decode("utf-8").splitlines():
            line = read_json(text)
            given[line["position"], line["field"]] = line
        erased = 0
        for position, entry in self.entries.items():
            for field, value in entry["payload"].items():
                if not isinstance(value, dict) or set(value) != {"commitment"}:
                    continue
                line = given.pop((position, field), None)
                if line is None:
                    self.problems.append(f"Entry {position}: the text {field} is missing.")
                elif line.get("erased") is True:
                    erased += 1
                else:
                    made = sha256(bytes.fromhex(line["salt"]) + line["text"].encode("utf-8"))
                    same = made == value["commitment"]
                    self.must(same, f"Entry {position}: the text {field} is not the one that was committed to.")
        for position, field in given:
            self.problems.append(f"Entry {position}: nothing commits to a text {field}.")
        self.done.append(f"the personal texts against their commitments ({erased} erased)")

    def evidence(self, manifest: Json) -> None:
        """Every frozen file against its entry, and every decision against what was frozen."""
        for name, position in manifest["evidence"].items():
            payload = self.entries.get(position, {}).get("payload", {})
            content = self.files[name]
            self.must(payload.get("content", "").encode() == content, f"{name}: entry {position} holds something else.")
            self.must(payload.get("digest") == sha256(content), f"{name}: it has not the digest of entry {position}.")
        frozen = {self.entries[at]["payload"]["digest"] for at in manifest["evidence"].values() if at in self.entries}
        decided = [one for one in self.entries.values() if one["kind"] == "decided"]
        for one in decided:
            for part in ("evidence", "case"):
                digest = one["payload"].get(part)
                there = digest is None or digest in frozen
                self.must(there, f"Entry {one['position']}: the {part} that was decided on is not in the pack.")
        acts = [one for one in self.entries.values() if one["kind"] != "signed"]
        kinds = {one["payload"].get("digest") for one in acts}
        for one in self.entries.values():
            if one["kind"] == "signed":
                signed = one["payload"]["digest"] in kinds
                self.must(signed, f"Entry {one['position']}: it signs a digest that is nothing's in this ledger.")
        self.done.append(f"{len(manifest['evidence'])} frozen files, {len(decided)} decisions, and what was signed")

    def documents(self, manifest: Json) -> None:
        """Every document's digest, from its content; that PDF and page carry it; and its place in the ledger."""
        for one in manifest["documents"]:
            name, digest, position = one["content"], one["digest"], one["position"]
            self.must(sha256(self.files[name]) == digest, f"{name}: its content has another digest.")
            entry = self.entries.get(position)
            self.must(entry is not None, f"{name}: entry {position} is not one of the workload's.")
            at = read_json(self.files[name].decode())["document"]["imprint"]
            self.must(at["position"] == position, f"{name}: its content names another ledger position.")
            self.must(entry is None or at["made_at"][:19] == entry["at"][:19], f"{name}: it names another time.")
            for form in ("pdf", "html"):
                self.must(digest.encode() in self.files[one[form]], f"{one[form]}: it does not carry the digest.")
        self.done.append(f"{len(manifest['documents'])} documents against their digests and ledger positions")


def files_of(pack: Path) -> dict[str, bytes]:
    """Every file of a pack by its name: of a zip, or of a folder."""
    if pack.is_dir():
        found = (one for one in sorted(pack.rglob("*")) if one.is_file())
        return {one.relative_to(pack).as_posix(): one.read_bytes() for one in found}
    with zipfile.ZipFile(pack) as packed:
        names = packed.namelist()
        if len(names) != len(set(names)):
            raise Broken("a file is in it twice")
        return {name.partition("/")[2]: packed.read(name) for name in names}


def main(arguments: list[str] | None = None) -> int:
    """Check a pack and say what was found."""
    parser = argparse.ArgumentParser(description="Check an audit pack with Python alone.")
    parser.add_argument("pack", nargs="?", type=Path, default=Path(__file__).resolve().parent)
    parser.add_argument("--root", help="a tree head known from elsewhere")
    asked = parser.parse_args(arguments)
    try:
        check = Check(files_of(asked.pack))
    except (OSError, Broken, zipfile.BadZipFile) as error:
        sys.stdout.write(f"There is nothing to check: {error}\n")
        return 2
    try:
        check.run(asked.root)
    except (Broken, KeyError, ValueError, TypeError, AttributeError, IndexError, RecursionError) as error:
        check.problems.append(f"The pack cannot be read to its end: {type(error).__name__}: {error}.")
    for line in check.done:
        sys.stdout.write(f"checked  {line}\n")
    for problem in check.problems:
        sys.stdout.write(f"WRONG    {problem}\n")
    if check.problems:
        sys.stdout.write("This pack is not as it was made.\n")
        return 1
    sys.stdout.write(f"Everything holds. Tree head {check.root} over {check.size} entries.\n")
    if asked.root is None:
        sys.stdout.write(
            "Compare that head with one that was kept elsewhere: who can write a pack can write another.\n"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())

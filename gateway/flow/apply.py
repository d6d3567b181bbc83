"""Configuration as code: compare a file with what is stored, show the difference, make it so in one transaction.

Idempotent: applying again plans no change. An object belongs to the file or to the portal; the portal's are refused
unless adopted. Nothing is deleted but by name.
"""

import enum
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from contracts.codelists.indeling import Indeling
from contracts.overeenkomst import Overeenkomst
from contracts.profiel import Partnerprofiel
from gateway.errors import ConflictError, InvalidInputError, Problem
from gateway.flow.apply_checks import Configuration, SysteemCheck, problems_of
from gateway.flow.apply_document import OVEREENKOMST, ApplyDocument, parse_document
from gateway.flow.kit import Kit
from gateway.stages.profiles import in_force
from gateway.store import directory, overeenkomsten
from gateway.store.directory import KINDS, ConfigObject, Stored, key_of, kind_of
from gateway.store.overeenkomsten import Digest
from gateway.store.reference import load_indeling

__all__ = ["Action", "ApplyDocument", "Change", "FieldChange", "Plan", "apply", "parse_document", "plan"]

_Place = tuple[str, str]
PROFIEL: Final = "profiel"
"""The kind of a profile, and the field of its document that a version keeps for ever."""


class Action(enum.StrEnum):
    """What applying does with one object."""

    CREATE = "create"
    CHANGE = "change"
    DELETE = "delete"
    SAME = "same"


class FieldChange(Struct, frozen=True, kw_only=True):
    """One field that differs, both values as JSON. `owner` is a field too, when the file adopts an object."""

    name: str
    old: str
    new: str


class Change(Struct, frozen=True, kw_only=True):
    """One line of a plan. `document` is None for a deletion."""

    action: Action
    kind: str
    key: str
    fields: tuple[FieldChange, ...] = ()
    document: ConfigObject | Overeenkomst | None = None


class Plan(Struct, frozen=True, kw_only=True):
    """What applying would do, valid for one generation only."""

    generation: int
    changes: tuple[Change, ...]

    @property
    def effective(self) -> tuple[Change, ...]:
        """The lines that change something."""
        return tuple(change for change in self.changes if change.action is not Action.SAME)


class _Before(Struct, frozen=True, kw_only=True):
    """What is stored. `differing`: the current documents of overeenkomsten whose digest differs from the file's."""

    generation: int
    objects: Mapping[_Place, Stored]
    digests: Mapping[str, Digest]
    differing: Mapping[str, Overeenkomst]
    indeling: Indeling


def plan(kit: Kit, document: ApplyDocument, *, adopt: bool = False, check_systeem: SysteemCheck | None = None) -> Plan:
    """Compare with what is stored, writing nothing; InvalidInputError lists everything that cannot be applied.

    `adopt`: take over what belongs to the portal. `check_systeem`: lets the adapters judge their configuration.
    """
    before = _read(kit, document)
    deletions, problems = _deletions(document, before)
    changes = [*_objects(document, before, adopt=adopt), *_overeenkomsten(document, before, adopt=adopt), *deletions]
    problems += _twice(changes)
    problems += _versions(changes, before)
    problems += [] if adopt else _portals(changes, before)
    problems += problems_of(_after(changes, before), check_systeem=check_systeem)
    if problems:
        raise InvalidInputError(f"{len(problems)} reasons not to apply this; nothing was applied", problems)
    return Plan(generation=before.generation, changes=tuple(changes))


def apply(kit: Kit, plan: Plan) -> int:
    """Make it so; returns the generation, one higher only if something changed.

    ConflictError: the configuration changed after the plan was made; plan again.
    """
    if not plan.effective:
        return plan.generation
    with kit.db.write() as conn:
        generation = directory.next_generation(conn)
        if generation != plan.generation + 1:
            raise ConflictError("the configuration changed since this was planned: plan again")
        puts: list[Overeenkomst] = []
        withdrawn: list[str] = []
        for change in plan.effective:
            match change.document:
                case Overeenkomst():
                    puts.append(change.document)
                case None if change.kind == OVEREENKOMST:
                    withdrawn.append(change.key)
                case None:
                    directory.delete_object(conn, kind=change.kind, key=change.key)
                case document:
                    directory.put_object(conn, document, owner="file", at_generation=generation)
        overeenkomsten.put(kit.db, conn, puts, owner="file", moment=kit.clock())
        overeenkomsten.withdraw(conn, withdrawn)
        kit.db.notify(conn, directory.CONFIG_CHANNEL)
    return generation


def _read(kit: Kit, document: ApplyDocument) -> _Before:
    with kit.db.read() as conn:
        digests = overeenkomsten.digests(conn)
        differing = [
            wanted.key
            for wanted in document.overeenkomsten
            if wanted.key in digests and digests[wanted.key].digest != directory.encoded(wanted)[1]
        ]
        current = overeenkomsten.current(conn, differing)
        return _Before(
            generation=directory.current_generation(conn),
            objects=directory.stored_objects(conn),
            digests=digests,
            differing={key: versioned.overeenkomst for key, versioned in current.items()},
            indeling=load_indeling(conn),
        )


def _objects(document: ApplyDocument, before: _Before, *, adopt: bool) -> Iterator[Change]:
    wanted: Iterable[ConfigObject] = (
        *document.systemen,
        *document.gemeenten,
        *document.signaalpartners,
        *document.toegangen,
        *document.experimenten,
        *document.profielen,
    )
    for new in wanted:
        place = kind_of(new), key_of(new)
        stored = before.objects.get(place)
        if stored is None:
            yield _change(Action.CREATE, place, new)
        else:
            yield _compared(place, stored.document, new, owner=stored.owner, adopt=adopt)


def _overeenkomsten(document: ApplyDocument, before: _Before, *, adopt: bool) -> Iterator[Change]:
    for new in document.overeenkomsten:
        place = OVEREENKOMST, new.key
        digest = before.digests.get(new.key)
        if digest is None:
            yield _change(Action.CREATE, place, new)
        else:
            yield _compared(place, before.differing.get(new.key, new), new, owner=digest.owner, adopt=adopt)


def _compared(place: _Place, old: Struct, new: ConfigObject | Overeenkomst, *, owner: str, adopt: bool) -> Change:
    """Adopting takes over what is equal too; without it, what is equal stays the portal's."""
    fields = [
        FieldChange(name=name, old=_json(getattr(old, name)), new=_json(getattr(new, name)))
        for name in new.__struct_fields__
        if getattr(old, name) != getattr(new, name)
    ]
    if owner != "file" and (fields or adopt):
        fields.append(FieldChange(name="owner", old=_json(owner), new=_json("file")))
    return _change(Action.CHANGE if fields else Action.SAME, place, new, fields)


def _change(
    action: Action, place: _Place, document: ConfigObject | Overeenkomst | None, fields: Sequence[FieldChange] = ()
) -> Change:
    return Change(action=action, kind=place[0], key=place[1], fields=tuple(fields), document=document)


def _deletions(document: ApplyDocument, before: _Before) -> tuple[list[Change], list[Problem]]:
    """A name that is not there is deleted already."""
    changes: list[Change] = []
    problems: list[Problem] = []
    for number, name in enumerate(document.verwijderen):
        kind, _, key = name.partition("/")
        if kind not in KINDS and kind != OVEREENKOMST:
            kinds = ", ".join([*KINDS, OVEREENKOMST])
            detail = f"{name} is not <kind>/<key>; kinds are {kinds}"
            problems.append(Problem(location=f"verwijderen[{number}]", detail=detail))
        elif (kind, key) in before.objects or (kind == OVEREENKOMST and key in before.digests):
            changes.append(_change(Action.DELETE, (kind, key), None))
        elif kind == PROFIEL:
            every = (place for place in before.objects if place[0] == kind and place[1].startswith(f"{key}/"))
            changes += [_change(Action.DELETE, place, None) for place in every]
    return changes, problems


def _versions(changes: Iterable[Change], before: _Before) -> list[Problem]:
    """A version of a profile says the same for ever: uploads name it as what read them."""
    stored = (one.document for one in before.objects.values())
    kept = in_force(document for document in stored if isinstance(document, Partnerprofiel))
    highest = {(one.signaalpartner, one.profiel.naam): one.profiel.versie for every in kept.values() for one in every}
    problems = []
    for change in changes:
        match change.document:
            case Partnerprofiel() as new:
                last = highest.get((new.signaalpartner, new.profiel.naam), 0)
                changed = change.action is Action.CHANGE and any(field.name == PROFIEL for field in change.fields)
                if changed or (change.action is Action.CREATE and new.profiel.versie <= last):
                    what = "says something else already" if changed else f"is below {last}, which is in force"
                    detail = f"versie {new.profiel.versie} {what}: make this versie {last + 1}"
                    problems.append(Problem(location=f"{change.kind}/{change.key}", detail=detail))
            case _:
                continue
    return problems


def _twice(changes: Iterable[Change]) -> list[Problem]:
    seen: dict[_Place, Action] = {}
    problems = []
    for change in changes:
        place = change.kind, change.key
        if place in seen:
            deleted = Action.DELETE in {change.action, seen[place]}
            detail = "the file defines and deletes it" if deleted else "the file defines it twice"
            problems.append(Problem(location=f"{change.kind}/{change.key}", detail=detail))
        seen[place] = change.action
    return problems


def _portals(changes: Iterable[Change], before: _Before) -> list[Problem]:
    return [
        Problem(location=f"{change.kind}/{change.key}", detail="belongs to the portal; adopt it to change it here")
        for change in changes
        if change.action in {Action.CHANGE, Action.DELETE} and _owner(change, before) == "portal"
    ]


def _owner(change: Change, before: _Before) -> str:
    if change.kind == OVEREENKOMST:
        return before.digests[change.key].owner
    return before.objects[change.kind, change.key].owner


def _after(changes: Iterable[Change], before: _Before) -> Configuration:
    objects = {place: stored.document for place, stored in before.objects.items()}
    partner_of = {key: digest.signaalpartner for key, digest in before.digests.items()}
    changed: list[Overeenkomst] = []
    for change in changes:
        match change.document:
            case Overeenkomst() as new:
                partner_of[change.key] = new.signaalpartner
                if change.action is not Action.SAME:
                    changed.append(new)
            case None:
                objects.pop((change.kind, change.key), None)
                partner_of.pop(change.key if change.kind == OVEREENKOMST else "", None)
            case new:
                objects[change.kind, change.key] = new
    return Configuration(
        objects=objects, partner_of=partner_of, changed_overeenkomsten=changed, indeling=before.indeling
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()

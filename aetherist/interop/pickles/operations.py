"""The opcodes that arrange values and name globals, of protocols 0 to 5 (`literals` has the rest)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from aetherist.interop.pickles.errors import PickleError, printable, unsafe
from aetherist.interop.pickles.values import Buildable, Global, Record, kind

if TYPE_CHECKING:
    from aetherist.interop.pickles.machine import Machine

HIGHEST_PROTOCOL = 5
KEY_BOUND = 1 << 60
"""Integer keys stay below the modulus of Python's integer hash, so that no file can make keys collide."""

UNSAFE = {
    0x82: "an extension code", 0x83: "an extension code", 0x84: "an extension code",
    ord("o"): "an object built by the opcode OBJ",
    0x92: "an object built with keyword arguments (NEWOBJ_EX)",
    0x97: "a buffer from outside of the file", 0x98: "a buffer from outside of the file",
    ord("P"): "an object from outside of the file (PERSID)",
}  # fmt: skip
"""Opcodes that no checkpoint needs and that reach out of the file or construct in ways of their own."""

OPERATIONS: dict[int, Callable[[Machine], None]] = {}


def _opcode(code: int | str) -> Callable[[Callable[[Machine], None]], Callable[[Machine], None]]:
    def register(operation: Callable[[Machine], None]) -> Callable[[Machine], None]:
        OPERATIONS[ord(code) if isinstance(code, str) else code] = operation
        return operation

    return register


@_opcode(0x80)
def _protocol(machine: Machine) -> None:
    version = machine.cursor.byte()
    if version > HIGHEST_PROTOCOL:
        raise PickleError(f"pickle protocol {version}; {HIGHEST_PROTOCOL} is the highest there is")


@_opcode(0x95)
def _frame(machine: Machine) -> None:
    size = machine.cursor.unsigned(8)
    if size > machine.cursor.left:
        machine.cursor.take(size)


@_opcode("(")
def _mark(machine: Machine) -> None:
    if len(machine.marks) >= machine.budget.limits.stack:
        raise PickleError(f"more than {machine.budget.limits.stack} open groups")
    machine.marks.append(len(machine.stack))


@_opcode("0")
def _pop(machine: Machine) -> None:
    if machine.marks and machine.marks[-1] == len(machine.stack):
        machine.marks.pop()
    else:
        machine.pop()


@_opcode("1")
def _pop_mark(machine: Machine) -> None:
    machine.pop_to_mark()


@_opcode("2")
def _duplicate(machine: Machine) -> None:
    machine.push(machine.top())


# The memo


@_opcode("p")
def _put_line(machine: Machine) -> None:
    machine.remember(machine.index_line())


@_opcode("q")
def _put_1(machine: Machine) -> None:
    machine.remember(machine.cursor.byte())


@_opcode("r")
def _put_4(machine: Machine) -> None:
    machine.remember(machine.cursor.unsigned(4))


@_opcode(0x94)
def _memoize(machine: Machine) -> None:
    machine.remember(len(machine.memo))


@_opcode("g")
def _get_line(machine: Machine) -> None:
    machine.recall(machine.index_line())


@_opcode("h")
def _get_1(machine: Machine) -> None:
    machine.recall(machine.cursor.byte())


@_opcode("j")
def _get_4(machine: Machine) -> None:
    machine.recall(machine.cursor.unsigned(4))


# Containers


@_opcode("t")
def _tuple(machine: Machine) -> None:
    machine.push(tuple(machine.pop_to_mark()))


def _tuple_of(count: int) -> Callable[[Machine], None]:
    def operation(machine: Machine) -> None:
        values = [machine.pop() for _ in range(count)]
        machine.push(tuple(reversed(values)))

    return operation


for _code, _count in ((0x85, 1), (0x86, 2), (0x87, 3)):
    OPERATIONS[_code] = _tuple_of(_count)


@_opcode("l")
def _list(machine: Machine) -> None:
    machine.push(machine.pop_to_mark())


@_opcode("a")
def _append(machine: Machine) -> None:
    value = machine.pop()
    _extend(machine, [value])


@_opcode("e")
def _appends(machine: Machine) -> None:
    _extend(machine, machine.pop_to_mark())


def _extend(machine: Machine, values: list[object]) -> None:
    target = machine.top()
    if type(target) is not list:
        raise PickleError(f"items are appended to {kind(target)}")
    target.extend(values)


@_opcode("d")
def _dict(machine: Machine) -> None:
    values = machine.pop_to_mark()
    machine.push({})
    _update(machine, values)


@_opcode("s")
def _set_item(machine: Machine) -> None:
    value, key = machine.pop(), machine.pop()
    _update(machine, [key, value])


@_opcode("u")
def _set_items(machine: Machine) -> None:
    _update(machine, machine.pop_to_mark())


def _update(machine: Machine, values: list[object]) -> None:
    target = machine.top()
    if type(target) is not dict or len(values) % 2:
        raise PickleError(f"{len(values)} keys and values are put into {kind(target)}")
    for key, value in zip(values[::2], values[1::2], strict=True):
        target[_key(key)] = value


@_opcode(0x90)
def _add_items(machine: Machine) -> None:
    values = machine.pop_to_mark()
    target = machine.top()
    if type(target) is not set:
        raise PickleError(f"items are added to {kind(target)}")
    target.update(_key(value) for value in values)


@_opcode(0x91)
def _frozenset(machine: Machine) -> None:
    machine.push(frozenset(_key(value) for value in machine.pop_to_mark()))


def _key(value: object) -> object:
    """`value`, if it may be a key: nothing whose hash could recurse, run long or be steered."""
    if value is None or type(value) in (str, bool, float) or (type(value) is int and abs(value) < KEY_BOUND):
        return value
    raise PickleError(f"{kind(value)} is a key or a member of a set; texts and numbers can be")


# Names, and what looks like calling them


@_opcode("c")
def _global(machine: Machine) -> None:
    machine.name(*_name_lines(machine))


@_opcode(0x93)
def _stack_global(machine: Machine) -> None:
    name, module = machine.pop(), machine.pop()
    machine.name(module, name)


@_opcode("i")
def _inst(machine: Machine) -> None:
    module, name = _name_lines(machine)
    machine.vocabulary.resolve(module, name)
    raise unsafe(f"builds {printable(f'{module}.{name}')} by INST")


def _name_lines(machine: Machine) -> tuple[str, str]:
    module, name = machine.cursor.line(), machine.cursor.line()
    return str(module, "utf-8", "replace"), str(name, "utf-8", "replace")


@_opcode("R")
def _reduce(machine: Machine) -> None:
    arguments, function = machine.pop(), machine.pop()
    if type(function) is not Global or type(arguments) is not tuple:
        raise unsafe(f"calls {kind(function)}")
    rebuild = machine.vocabulary.functions.get(function.qualified)
    if rebuild is None:
        raise unsafe(f"calls {printable(function.qualified)}, which may only be mentioned")
    machine.push(rebuild(arguments))


@_opcode(0x81)
def _new_object(machine: Machine) -> None:
    arguments, cls = machine.pop(), machine.pop()
    if type(cls) is not Global or arguments != ():
        raise unsafe(f"constructs {kind(cls)} with arguments")
    if cls.qualified in machine.vocabulary.mappings:
        machine.push({})
    elif machine.vocabulary.is_record(cls):
        machine.push(Record(cls.qualified))
    else:
        raise unsafe(f"constructs {printable(cls.qualified)}")


@_opcode("b")
def _build(machine: Machine) -> None:
    state = machine.pop()
    target = machine.top()
    if isinstance(target, Buildable):
        target.build(state)
    elif type(target) is not dict or type(state) is not dict:
        # A dict subclass may carry attributes beside its items (a state dict's version table); they are not
        # kept.
        raise unsafe(f"sets the state of {kind(target)}")


@_opcode("Q")
def _persistent(machine: Machine) -> None:
    identifier = machine.pop()
    if machine.persistent is None:
        raise unsafe("asks for an object from outside of it")
    machine.push(machine.persistent(identifier))

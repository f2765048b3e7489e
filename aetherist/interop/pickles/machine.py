"""The pickle machine: a stack, a memo, and the opcodes, with nothing behind them that could be called.

It follows the description of the opcodes in the standard library's `pickletools`, protocols 0 to 5. It
differs from `pickle` in one point: a global becomes a token, and "calling" a token means looking its name up
in a short table of our own functions (`vocabulary`). Everything else that would import, construct or call is
refused. The machine does not recurse, so nesting costs no Python stack.
"""

from __future__ import annotations

from collections.abc import Callable

from aetherist.interop.pickles.cursor import Cursor
from aetherist.interop.pickles.errors import PickleError, printable, unsafe
from aetherist.interop.pickles.limits import Budget
from aetherist.interop.pickles.literals import LITERALS
from aetherist.interop.pickles.operations import OPERATIONS, UNSAFE
from aetherist.interop.pickles.values import kind
from aetherist.interop.pickles.vocabulary import Vocabulary

STOP = ord(".")


class Machine:
    """Runs one pickle.

    `source` names the bytes in messages. `persistent` turns a persistent identifier into a value; without it
    they are refused.
    """

    def __init__(
        self,
        cursor: Cursor,
        vocabulary: Vocabulary,
        budget: Budget,
        source: str,
        persistent: Callable[[object], object] | None = None,
    ) -> None:
        self.cursor = cursor
        self.vocabulary = vocabulary
        self.budget = budget
        self.source = source
        self.persistent = persistent
        self.stack: list[object] = []
        self.marks: list[int] = []
        self.memo: dict[int, object] = {}

    def run(self) -> object:
        """Execute up to STOP and return the value that is left.

        Raises `PickleError`, or `UnsafePickleError` where the file asks for more than values, with the byte
        at fault.
        """
        offset = self.cursor.position
        try:
            while (code := self.cursor.byte()) != STOP:
                self._step(code)
                offset = self.cursor.position
            return self.pop()
        except PickleError as fault:
            raise type(fault)(f"{self.source}, byte {offset}: {fault}") from None

    def _step(self, code: int) -> None:
        self.budget.operations -= 1
        if self.budget.operations < 0:
            raise PickleError(f"more than {self.budget.limits.operations} operations, as no checkpoint has")
        literal = LITERALS.get(code)
        if literal is not None:
            self.push(literal(self.cursor))
            return
        operation = OPERATIONS.get(code)
        if operation is not None:
            operation(self)
        elif code in UNSAFE:
            raise unsafe(f"asks for {UNSAFE[code]}")
        else:
            raise PickleError(f"0x{code:02x} is no pickle opcode: the file is damaged or is no pickle")

    def push(self, value: object) -> None:
        """Put a value on the stack."""
        if len(self.stack) >= self.budget.limits.stack:
            raise PickleError(f"more than {self.budget.limits.stack} values on the stack")
        self.stack.append(value)

    def pop(self) -> object:
        """Take the last value off the stack; a mark is never passed."""
        if len(self.stack) <= (self.marks[-1] if self.marks else 0):
            raise PickleError("a value is used that was never made: the file is damaged or is no pickle")
        return self.stack.pop()

    def top(self) -> object:
        """The last value, left where it is."""
        value = self.pop()
        self.stack.append(value)
        return value

    def pop_to_mark(self) -> list[object]:
        """Take off everything since the last mark."""
        if not self.marks:
            raise PickleError("a group ends that never began: the file is damaged or is no pickle")
        start = self.marks.pop()
        values = self.stack[start:]
        del self.stack[start:]
        return values

    def remember(self, index: int) -> None:
        """Store the last value in the memo."""
        if len(self.memo) >= self.budget.limits.memo:
            raise PickleError(f"more than {self.budget.limits.memo} values in the memo")
        self.memo[index] = self.top()

    def recall(self, index: int) -> None:
        """Put a value of the memo on the stack."""
        if index not in self.memo:
            raise PickleError(f"memo entry {index} is read before it is written: the file is damaged")
        self.push(self.memo[index])

    def name(self, module: object, name: object) -> None:
        """Put the token of a global on the stack, if the vocabulary has it."""
        if type(module) is not str or type(name) is not str:
            raise unsafe(f"names a global by {kind(module)} and {kind(name)} instead of two texts")
        self.push(self.vocabulary.resolve(module, name))

    def index_line(self) -> int:
        """Read a memo index as protocol 0 writes it."""
        line = self.cursor.line()
        if not line.isdigit() or len(line) > 18:
            raise PickleError(f"{printable(line)} is no memo index")
        return int(line)

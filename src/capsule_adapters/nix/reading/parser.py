"""Nix text as a tree. Nix itself judges the syntax; this only has to follow what is sound."""

from dataclasses import replace

from capsule_adapters.nix.reading.scanner import Scanner, Unreadable
from capsule_adapters.nix.reading.strings import read_string
from capsule_adapters.nix.reading.tree import (
    Attributes,
    Binding,
    Call,
    Choice,
    Expression,
    Function,
    Items,
    Joined,
    Let,
    Literal,
    Name,
    PathLiteral,
    Scoped,
)

_OPERATORS = frozenset(
    "// ++ + - * / < > <= >= == != && || -> ? |> <|".split()  # noqa: SIM905  (one line to read)
)
_JOINING = frozenset(["//", "++"])
_CONSTANTS = {"true": True, "false": False, "null": None}
_DEEPEST = 60
"""How many brackets inside one another are followed."""
_LONGEST_TEXT = 60


def parse(text: str) -> Expression:
    """The one expression that a file holds. Raises Unreadable."""
    parser = _Parser(Scanner(text.removeprefix("\ufeff")))
    try:
        found = parser.expression()
    except RecursionError as error:
        raise Unreadable("too deep") from error
    if parser.scanner.kind != "end":
        raise Unreadable(f"line {parser.scanner.line}: {parser.scanner.word!r} was not expected")
    return found


class _Parser:
    def __init__(self, scanner: Scanner) -> None:
        self.scanner = scanner
        self._depth = 0

    def expression(self) -> Expression:
        """Whatever may stand between brackets."""
        self._depth += 1
        if self._depth > _DEEPEST:
            raise Unreadable("too deep")
        try:
            return self._expression()
        finally:
            self._depth -= 1

    def _expression(self) -> Expression:
        scanner, line = self.scanner, self.scanner.line
        if scanner.takes("if"):
            return self._choice(line)
        if scanner.word in ("with", "assert") and scanner.kind == "keyword":
            scanner.take()
            self.expression()
            scanner.need(";")
            return Scoped(line, body=self.expression())
        if scanner.takes("let"):
            bindings = self._bindings("in")
            return Let(line, bindings=bindings, body=self.expression())
        return self._function(line) or self._operation(line)

    def _choice(self, line: int) -> Expression:
        self.expression()
        self.scanner.need("then")
        yes = self.expression()
        self.scanner.need("else")
        return Choice(line, either=(yes, self.expression()))

    def _function(self, line: int) -> Expression | None:
        """`x: …`, `{ a, b ? 1, ... }: …`, `x@{ … }: …`; None when it is no function."""
        scanner, start = self.scanner, self.scanner.place
        names: set[str] = set()
        if scanner.kind == "name":
            names.add(scanner.take())
            is_formal = True
        else:
            is_formal = self._formals(names)
        if is_formal and scanner.takes("@"):
            if scanner.kind == "name":
                names.add(scanner.take())
            elif not self._formals(names):
                is_formal = False
        if is_formal and scanner.takes(":"):
            return Function(line, names=frozenset(names), body=self.expression())
        scanner.move(start)
        return None

    def _formals(self, names: set[str]) -> bool:
        """Whether what begins here are the names that a function takes; they are read then."""
        scanner = self.scanner
        if not scanner.takes("{"):
            return False
        while not scanner.takes("}"):
            if scanner.takes("..."):
                continue
            if scanner.kind != "name":
                return False
            names.add(scanner.take())
            if scanner.takes("?"):
                self.expression()
            if not scanner.takes(",") and scanner.word != "}":
                return False
        return True

    def _operation(self, line: int) -> Expression:
        scanner, start = self.scanner, self.scanner.place
        operands, operators = [self._operand()], []
        while scanner.kind in ("sign", "path") and scanner.word in _OPERATORS:
            operator = scanner.take()
            if operator == "?":
                self._attribute_path()
                operators.append(operator)
                continue
            operators.append(operator)
            operands.append(self._operand())
        if not operators:
            return operands[0]
        used = set(operators)
        if len(used) == 1 and used <= _JOINING:
            return Joined(line, operator=operators[0], parts=tuple(operands))
        return Expression(line, self._since(start))

    def _operand(self) -> Expression:
        scanner, line, start = self.scanner, self.scanner.line, self.scanner.place
        if scanner.takes("!"):
            self._operand()
            return Expression(line, self._since(start))
        if scanner.takes("-"):
            return _negative(self._operand())
        function = self._selected()
        arguments = []
        while self._begins_value():
            arguments.append(self._selected())
        if not arguments:
            return function
        return Call(line, self._since(start), function, tuple(arguments))

    def _begins_value(self) -> bool:
        scanner = self.scanner
        if scanner.kind == "sign":
            return scanner.word in ("{", "[", "(", '"', "''")
        if scanner.kind == "keyword":
            return scanner.word in ("rec", "let")
        return scanner.kind != "end"

    def _selected(self) -> Expression:
        """A value and what is taken out of it: `x.a.b or c`."""
        scanner, line, start = self.scanner, self.scanner.line, self.scanner.place
        value = self._value()
        while scanner.takes("."):
            path = self._attribute_path()
            if isinstance(value, Name) and None not in path:
                more = tuple(part for part in path if part is not None)
                value = replace(value, path=value.path + more, text=self._since(start))
            else:
                value = Expression(line, self._since(start))
        if scanner.takes("or"):
            self._selected()
            return Expression(line, self._since(start))
        return value

    def _value(self) -> Expression:  # noqa: PLR0911  (one return a form)
        scanner, line, start = self.scanner, self.scanner.line, self.scanner.place
        match scanner.kind, scanner.word:
            case "name", word:
                scanner.take()
                if word in _CONSTANTS:
                    return Literal(line, word, _CONSTANTS[word])
                return Name(line, word, (word,))
            case "number", word:
                scanner.take()
                return Literal(line, word, int(word) if word.isdigit() else float(word))
            case "address", word:
                return Literal(line, scanner.take(), word, is_text=True)
            case "path", _:
                return self._path(line)
            case "search path", _:
                return Expression(line, scanner.take())
            case _, '"' | "''":
                text = read_string(scanner, self.expression)
                return Literal(line, self._since(start), text, is_text=True)
            case _, "(":
                return self._bracketed()
            case _, "[":
                return self._list(line)
            case _, "{" | "rec" | "let":
                if scanner.word != "{":
                    scanner.take()
                scanner.need("{")
                return Attributes(line, bindings=self._bindings("}"))
        raise Unreadable(f"line {line}: {scanner.word!r} was not expected")

    def _path(self, line: int) -> Expression:
        scanner = self.scanner
        end = scanner.end
        word = scanner.take()
        if scanner.text.startswith("${", end):  # ./a/${b}.nix
            while scanner.place == end and scanner.word == "${":
                scanner.take()
                self.expression()
                end = scanner.end
                scanner.need("}")
                if scanner.place == end and scanner.kind in ("path", "name"):
                    end = scanner.end
                    scanner.take()
            return Expression(line, word)
        return PathLiteral(line, word)

    def _bracketed(self) -> Expression:
        self.scanner.need("(")
        found = self.expression()
        self.scanner.need(")")
        return found

    def _list(self, line: int) -> Expression:
        self.scanner.need("[")
        items = []
        while not self.scanner.takes("]"):
            items.append(self._selected())
        return Items(line, items=tuple(items))

    def _bindings(self, closing: str) -> tuple[Binding, ...]:
        scanner, found = self.scanner, list[Binding]()
        while not scanner.takes(closing):
            line = scanner.line
            if scanner.takes("inherit"):
                found += self._inherited()
                continue
            path = self._attribute_path()
            scanner.need("=")
            found.append(Binding(path, self.expression(), line))
            scanner.need(";")
        return tuple(found)

    def _inherited(self) -> list[Binding]:
        scanner, found = self.scanner, list[Binding]()
        if scanner.word == "(":
            self._bracketed()
        while not scanner.takes(";"):
            line = scanner.line
            found.append(Binding((self._attribute(),), Expression(line), line))
        return found

    def _attribute_path(self) -> tuple[str | None, ...]:
        path = [self._attribute()]
        while self.scanner.takes("."):
            path.append(self._attribute())
        return tuple(path)

    def _attribute(self) -> str | None:
        scanner = self.scanner
        if scanner.kind == "name" or scanner.word == "or":
            return scanner.take()
        if scanner.word == '"':
            return read_string(scanner, self.expression)
        if scanner.takes("${"):
            inner = self.expression()
            scanner.need("}")
            is_known = isinstance(inner, Literal) and isinstance(inner.value, str)
            return str(inner.value) if is_known else None  # type: ignore[attr-defined]
        raise Unreadable(f"line {scanner.line}: a name was expected")

    def _since(self, start: int) -> str:
        """What stands between there and here, on one line."""
        text = " ".join(self.scanner.text[start : self.scanner.place].split())
        return text if len(text) <= _LONGEST_TEXT else f"{text[: _LONGEST_TEXT - 1]}…"


def _negative(operand: Expression) -> Expression:
    if isinstance(operand, Literal) and type(operand.value) in (int, float):
        return replace(operand, value=-operand.value)  # type: ignore[operator]
    return Expression(operand.line)

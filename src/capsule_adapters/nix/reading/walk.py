"""Through a module: the options that it sets and declares, and what it imports."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from capsule_adapters.nix.reading.scanner import Unreadable
from capsule_adapters.nix.reading.shape import FUNCTION, Variables, function_name, value_of
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
    Name,
    PathLiteral,
    Scoped,
)
from capsule_domain.models.setting import Foreign, Setting

Path = tuple[str | None, ...]

_LAST_ARGUMENT = {
    "mkIf": 2,
    "optionalAttrs": 2,
    "mkOverride": 2,
    "mkOrder": 2,
    "mkForce": 1,
    "mkDefault": 1,
    "mkOptionDefault": 1,
    "mkVMOverride": 1,
    "mkImageMediaOverride": 1,
    "mkBefore": 1,
    "mkAfter": 1,
    "mkMerge": 1,
    "recursiveUpdate": 2,
}
"""How many arguments they take; what counts is the last one."""
_OPTIONAL = frozenset(["optional", "optionals"])
_OF_NIXPKGS = ("modulesPath", "<nixpkgs", "nixosModules.notDetected")
_NOT_SET = frozenset(
    ["_class", "_file", "_module", "disabledModules", "freeformType", "imports", "key"]
)
_DEEPEST = 40


@dataclass
class Found:
    """What a module says; `imports` are paths as the file has them, with their lines."""

    file: str
    settings: list[Setting] = field(default_factory=list)
    declared: list[tuple[str, ...]] = field(default_factory=list)
    imports: list[PathLiteral] = field(default_factory=list)
    foreign: list[Foreign] = field(default_factory=list)
    computed: int = 0
    steps_left: int = 20_000

    def step(self) -> None:
        """Names that stand for names can make a small file endless. Raises Unreadable."""
        self.steps_left -= 1
        if self.steps_left < 0:
            raise Unreadable("endless")


def walk_module(expression: Expression, found: Found) -> None:
    """A module of any form: a function, a set, with or without `config`."""
    for body, variables in _bodies(expression, {}):
        found.step()
        if isinstance(body, Attributes):
            _module(body, variables, found)
        elif isinstance(body, PathLiteral):
            found.imports.append(body)
        else:
            found.computed += 1


def walk_flake(expression: Expression, found: Found) -> None:
    """Every list called `modules`, wherever a flake has one."""
    for binding in _bindings_within(expression, _DEEPEST):
        if binding.path[-1] == "modules":
            _imports(binding.value, {}, found)


def _module(attributes: Attributes, variables: Variables, found: Found) -> None:
    is_long = any(binding.path[0] in ("config", "options") for binding in attributes.bindings)
    for binding in attributes.bindings:
        first, *rest = binding.path
        if first == "imports":
            _imports(binding.value, variables, found)
        elif first == "options" and is_long:
            _declared(tuple(rest), binding.value, variables, found)
        elif first == "config" and is_long:
            _set(tuple(rest), binding, binding.value, variables, found)
        elif first not in _NOT_SET and not is_long:
            _set(binding.path, binding, binding.value, variables, found)


def _bodies(
    expression: Expression, variables: Variables, depth: int = _DEEPEST
) -> Iterator[tuple[Expression, Variables]]:
    """What an expression may come to, seen through all that only chooses or wraps."""
    again: Sequence[Expression] = ()
    match expression:
        case _ if depth == 0:
            pass
        case Function(names=names, body=body):
            variables = {key: value for key, value in variables.items() if key not in names}
            again = (body,)
        case Let(bindings=bindings, body=body):
            given = {b.path[0]: b.value for b in bindings if len(b.path) == 1 and _is_known(b)}
            variables = {**variables, **{str(name): value for name, value in given.items()}}
            again = (body,)
        case Scoped(body=body):
            again = (body,)
        case Choice(either=either):
            again = either
        case Joined(operator="//", parts=parts):
            again = parts
        case Call():
            again = _wrapped(expression)
        case Name(path=(name,)) if name in variables:
            again = (variables[name],)
    if not again:
        yield expression, variables
    for one in again:
        yield from _bodies(one, variables, depth - 1)


def _is_known(binding: Binding) -> bool:
    """Whether it has a value here: what is inherited is a bare Expression."""
    return binding.path[0] is not None and type(binding.value) is not Expression


def _wrapped(call: Call) -> Sequence[Expression]:
    """What a function of lib only marks, chooses or merges; nothing where it does more."""
    name, last = function_name(call), call.arguments[-1]
    if _LAST_ARGUMENT.get(name) != len(call.arguments):
        return ()
    if name == "mkMerge":
        return last.items if isinstance(last, Items) else ()
    return call.arguments if name == "recursiveUpdate" else (last,)


def _set(
    path: Path, place: Binding, expression: Expression, variables: Variables, found: Found
) -> None:
    for body, seen in _bodies(expression, variables):
        found.step()
        if isinstance(body, Attributes) and body.bindings:
            for binding in body.bindings:
                _set((*path, *binding.path), binding, binding.value, seen, found)
        elif path:
            is_function = isinstance(expression, Function)
            value = FUNCTION if is_function else value_of(body, seen)
            found.settings.append(Setting(path=path, value=value, file=found.file, line=place.line))
        elif not isinstance(body, Attributes):
            found.computed += 1


def _declared(path: Path, expression: Expression, variables: Variables, found: Found) -> None:
    for body, seen in _bodies(expression, variables):
        found.step()
        if isinstance(body, Attributes):
            for binding in body.bindings:
                _declared((*path, *binding.path), binding.value, seen, found)
        else:
            found.declared.append(_until_computed(path))


def _until_computed(path: Path) -> tuple[str, ...]:
    known = []
    for part in path:
        if part is None:
            break
        known.append(part)
    return tuple(known)


def _imports(expression: Expression, variables: Variables, found: Found) -> None:
    for body, seen in _bodies(expression, variables):
        found.step()
        match body:
            case Items(items=parts) | Joined(operator="++", parts=parts):
                for part in parts:
                    _imports(part, seen, found)
            case PathLiteral():
                found.imports.append(body)
            case Attributes():
                _module(body, seen, found)
            case Call(arguments=(PathLiteral() as path, *_)) if function_name(body) == "import":
                found.imports.append(path)
            case Call(arguments=(_, given)) if function_name(body) in _OPTIONAL:
                _imports(given, seen, found)
            case Name(path=(_,)):
                found.computed += 1  # what a function was given
            case _ if not any(known in body.text for known in _OF_NIXPKGS):
                text = body.text or "what is computed"
                found.foreign.append(Foreign(text=text, file=found.file, line=body.line))


def _bindings_within(expression: Expression, depth: int) -> Iterator[Binding]:
    """Every binding in there, however deep."""
    if depth == 0:
        return
    parts: Sequence[Expression] = ()
    match expression:
        case Attributes(bindings=bindings):
            yield from bindings
            parts = [binding.value for binding in bindings]
        case Let(bindings=bindings, body=body):
            yield from bindings
            parts = [*(binding.value for binding in bindings), body]
        case Function(body=body) | Scoped(body=body):
            parts = (body,)
        case Call(function=function, arguments=arguments):
            parts = (function, *arguments)
        case Items(items=parts) | Joined(parts=parts) | Choice(either=parts):
            pass
    for part in parts:
        yield from _bindings_within(part, depth - 1)

"""Changing a value in a hand-edited YAML file, and nothing else in it."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from capsule_adapters.store.yaml_document import Document, parse_document
from capsule_domain.errors import ConfigurationError

if TYPE_CHECKING:
    import yaml

_BARE_BREAKS = frozenset("\x85\u2028\u2029")


def fresh(values: Mapping[str, Any]) -> str:
    """`values` as YAML, in their order, every text readable as it is where YAML can say it so."""
    readable = _dumped(values, allow_unicode=True)
    # PyYAML writes Unicode's own line breaks bare, and reads them back as spaces.
    return _dumped(values, allow_unicode=False) if _BARE_BREAKS & set(readable) else readable


def _dumped(values: Mapping[str, Any], *, allow_unicode: bool) -> str:
    import yaml

    return yaml.safe_dump(
        dict(values),
        sort_keys=False,
        allow_unicode=allow_unicode,
        default_flow_style=False,
        width=1000,
    )


def edited(document: Document, values: Mapping[str, Any]) -> str:
    """The document's text, saying `values`.

    Entries whose value is the same keep their text, and every comment stays that is
    not inside an entry that changes. A text whose form does not allow that is written
    anew, without its comments.
    """
    changed = _spliced(document, values)
    try:
        faithful = parse_document(document.file, changed).values == dict(values)
    except ConfigurationError:
        faithful = False
    return changed if faithful else fresh(values)


def _spliced(document: Document, values: Mapping[str, Any]) -> str:
    text = document.text
    spans = _spans(text)
    for key, (start, end) in sorted(spans.items(), key=lambda item: item[1], reverse=True):
        if key not in values:
            text = _without(text, start, end)
        elif document.values[key] != values[key]:
            text = text[:start] + fresh({key: values[key]}).rstrip("\n") + text[end:]
    new = {key: value for key, value in values.items() if key not in spans}
    if not new:
        return text
    return text + ("" if not text or text.endswith("\n") else "\n") + fresh(new)


def _without(text: str, start: int, end: int) -> str:
    """`text` without that entry and the rest of its last line."""
    newline = text.find("\n", end)
    return text[:start] + ("" if newline < 0 else text[newline + 1 :])


def _spans(text: str) -> dict[str, tuple[int, int]]:
    """Where each top-level entry begins and ends, in characters."""
    import yaml

    # The Python loader's marks count characters, whatever libyaml's do.
    root = yaml.compose(text, Loader=yaml.SafeLoader)
    if not isinstance(root, yaml.MappingNode):
        return {}
    return {
        str(key.value): (key.start_mark.index, len(text[: _end(value)].rstrip()))
        for key, value in root.value
    }


def _end(node: "yaml.Node") -> int:
    """Where the node's last word ends; a block's own end lies after the comments below it."""
    import yaml

    if isinstance(node, yaml.CollectionNode) and node.value and not node.flow_style:
        last = node.value[-1]
        return _end(last[1] if isinstance(last, tuple) else last)
    return int(node.end_mark.index)

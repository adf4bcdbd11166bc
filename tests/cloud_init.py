"""cloud-init's own word on cloud-config: the JSON schema of Debian's package.

check.sh takes that file out of the package. The package itself is not installed: at the next
start it would look for a cloud to set this machine up.
"""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema  # type: ignore[import-untyped]
import pytest
import yaml

from tests.tools import ROOT

_NAME = "schema-cloud-config-v1.json"
_PLACES = (
    ROOT / ".venv/share/cloud-init",
    Path("/usr/lib/python3/dist-packages/cloudinit/config/schemas"),
)


@cache
def _schema() -> Any:
    for place in _PLACES:
        if (place / _NAME).is_file():
            return json.loads((place / _NAME).read_text())
    return None


def cloud_config(text: str) -> dict[str, Any]:
    """What cloud-init reads in `text`; fails where `cloud-init schema` would.

    Without the schema the test skips; with CI=true it fails.
    """
    schema = _schema()
    if schema is None:
        line = "missing tool: the schema of cloud-init (./check.sh fetches it)"
        if os.environ.get("CI") == "true":
            pytest.fail(line)
        pytest.skip(line)
    assert text.startswith("#cloud-config\n")
    content = yaml.safe_load(text)
    jsonschema.Draft4Validator(schema).validate(content)
    unknown = set(content) - _known(schema)
    assert not unknown, f"cloud-init knows no {unknown}"
    assert isinstance(content, dict)
    return content


def _known(schema: Any) -> set[str]:
    return {name for part in schema["$defs"].values() for name in part.get("properties", {})}

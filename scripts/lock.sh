#!/usr/bin/env bash
# Writes requirements/*.lock anew from pyproject.toml: every version pinned, every file by its
# sha256, and no word on where it is downloaded from. Needs uv; give --upgrade for newer versions.
set -euo pipefail
cd "$(dirname "$0")/.."

uv=$(command -v uv || echo .venv/bin/uv)
if ! "$uv" --version >/dev/null 2>&1; then
  echo "lock.sh: uv is not installed" >&2
  echo "  try: .venv/bin/python -m pip install uv" >&2
  exit 3
fi

python=python3
[ -x .venv/bin/python ] && python=.venv/bin/python
# What builds the project is installed beside it: install.sh and check.sh build without isolation,
# so that nothing unpinned comes in by way of the build.
build_requires=$("$python" - <<'PY'
import tomllib
with open("pyproject.toml", "rb") as file:
    print("\n".join(tomllib.load(file)["build-system"]["requires"]))
PY
)

compile() { # compile OUTPUT [OPTION…]
  local output=$1
  shift
  echo "$build_requires" | "$uv" pip compile pyproject.toml - "$@" --quiet \
    --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --override requirements/overrides.txt \
    --custom-compile-command ./scripts/lock.sh --output-file "$output" >/dev/null
  echo "wrote $output"
}

mkdir -p requirements
compile requirements/dev.lock --extra sandbox --extra dev "$@"
compile requirements/runtime.lock --extra sandbox --constraint requirements/dev.lock

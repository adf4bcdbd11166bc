#!/usr/bin/env bash
# Sets up a development environment in .venv, then runs every check there is: lint, format,
# types, import contracts, shell scripts, and every test. What you add goes on to pytest:
#
#   ./check.sh                          everything
#   ./check.sh tests/services -x        the checks, and only those tests
#   ./check.sh --full                   the long form of matrices and soaks too
#
# What tests need and the machine lacks (Nix's evaluator, sshd, bubblewrap, Chromium, tmux, a
# firewall; also the shell linter) is installed by apt where that is possible; CAPSULE_NO_APT=1:
# never. Elsewhere those tests skip, counted aloud at the end; with CI=true such a skip is a
# failure. Ends with 0 only when everything passed. PYTHON names the interpreter to use.
set -uo pipefail
cd "$(dirname "$0")" || exit 1

readonly LOCK=requirements/dev.lock
readonly STAMP=.venv/.capsule-lock
summary=()
failed=0

say() { printf '\n▼ %s\n' "$1"; }

give_up() { # give_up MESSAGE HINT
  printf 'check.sh: %s\n  %s\n' "$1" "$2" >&2
  exit 3
}

section() { # section NAME COMMAND [ARG…]: run it, keep the time and whether it passed
  local name=$1 started=$SECONDS mark='✓'
  shift
  say "$name"
  if ! "$@"; then
    mark='✗'
    failed=$((failed + 1))
  fi
  summary+=("$(printf '%s %-18s %4d s' "$mark" "$name" $((SECONDS - started)))")
}

find_python() { # the first Python that is new enough
  local candidate
  for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      # Never an environment's own python: .venv may be the active one, and be made anew.
      "$candidate" -c 'import sys; print(sys._base_executable)'
      return
    fi
  done
  return 1
}

# -- programs the tests talk to -------------------------------------------------------------

PATH="$PATH:/usr/sbin:/sbin" # where sshd is, for those who are not root

tools_missing() { # what the tests want and this machine lacks, as Debian names its packages
  command -v nix-instantiate >/dev/null || echo nix-bin
  command -v sshd >/dev/null || echo openssh-server
  command -v bwrap >/dev/null || echo bubblewrap
  command -v chromium >/dev/null || echo chromium
  command -v tmux >/dev/null || echo tmux
  command -v shellcheck >/dev/null || echo shellcheck
  command -v ip >/dev/null || echo iproute2
  command -v nft >/dev/null || echo nftables
  if ! command -v uv >/dev/null && ! "$python" -c 'import ensurepip, venv' 2>/dev/null; then
    echo python3-venv
  fi
}

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi
}

apt_is_ours() { # whether packages can be installed here without asking anyone
  [ -z "${CAPSULE_NO_APT:-}" ] && command -v apt-get >/dev/null || return 1
  [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null
}

readonly POLICY=/usr/sbin/policy-rc.d

install_packages() { # install_packages NAME…; no service of theirs is started
  local guarded=0 interrupted=0 status
  if ! [ -e "$POLICY" ]; then
    printf '#!/bin/sh\nexit 101\n' | as_root tee "$POLICY" >/dev/null &&
      as_root chmod 755 "$POLICY" && guarded=1
  fi
  trap 'interrupted=1' INT TERM # only after the policy is taken away again
  as_root apt-get update -qq
  as_root env DEBIAN_FRONTEND=noninteractive \
    apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  status=$?
  [ "$guarded" = 0 ] || as_root rm -f "$POLICY"
  trap - INT TERM
  [ "$interrupted" = 0 ] || exit 130
  return "$status"
}

provide_tools() {
  local missing
  read -ra missing <<<"$(tools_missing | tr '\n' ' ')"
  [ "${#missing[@]}" -gt 0 ] && apt_is_ours || return 0
  say "installing ${missing[*]}"
  install_packages "${missing[@]}" || echo "could not install all of: ${missing[*]}"
}

readonly SCHEMA=schema-cloud-config-v1.json

# cloud-init's own word on user data, as Debian's package holds it. The package is not installed:
# at its next start it would set this machine up.
provide_schema() {
  local inside=/usr/lib/python3/dist-packages/cloudinit/config/schemas/$SCHEMA folder
  # To download a package nobody has to be root.
  [ -z "${CAPSULE_NO_APT:-}" ] && command -v dpkg-deb >/dev/null && ! has_schema || return 0
  folder=$(mktemp -d) && chmod 755 "$folder" || return 1
  (
    cd "$folder" || exit 1
    apt-get download -qq cloud-init 2>/dev/null ||
      { apt_is_ours && as_root apt-get update -qq && apt-get download -qq cloud-init; }
    dpkg-deb --extract cloud-init_*.deb unpacked
  )
  mkdir -p .venv/share/cloud-init && cp "$folder/unpacked$inside" .venv/share/cloud-init/ ||
    echo "could not fetch the schema of cloud-init"
  rm -rf "$folder"
}

has_schema() {
  [ -f ".venv/share/cloud-init/$SCHEMA" ] ||
    [ -f "/usr/lib/python3/dist-packages/cloudinit/config/schemas/$SCHEMA" ]
}

# -- the environment ------------------------------------------------------------------------

wanted_stamp() { # what .venv must hold: the lock, the project's metadata, where it stands
  "$python" - "$LOCK" pyproject.toml <<'PY'
import hashlib, pathlib, sys
parts = [pathlib.Path(name).read_bytes() for name in sys.argv[1:]]
parts += [str(pathlib.Path.cwd()).encode(), sys.version.encode()]
print(hashlib.sha256(b"\0".join(parts)).hexdigest())
PY
}

venv_works() { .venv/bin/python -c 'import sys; sys.exit(sys.prefix == sys.base_prefix)' \
  2>/dev/null; }

# The lock names everything, so nothing is resolved anew: one package asks for less than it needs
# (requirements/overrides.txt).
install_with_uv() {
  export UV_PYTHON_DOWNLOADS=never
  venv_works || uv venv --quiet --clear --python "$python" .venv || return 1
  uv pip install --quiet --python .venv/bin/python --no-deps --require-hashes -r "$LOCK" &&
    uv pip install --quiet --python .venv/bin/python --no-deps --no-build-isolation --editable .
}

install_with_pip() {
  if ! venv_works || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    "$python" -c 'import ensurepip, venv' 2>/dev/null ||
      give_up "this Python cannot make environments" "try: sudo apt install python3-venv, or install uv"
    "$python" -m venv --clear .venv || return 1
  fi
  .venv/bin/python -m pip install --quiet --no-deps --require-hashes -r "$LOCK" &&
    .venv/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
}

environment() {
  local wanted
  wanted=$(wanted_stamp) || return 1
  if venv_works && [ "$(cat "$STAMP" 2>/dev/null)" = "$wanted" ]; then
    echo "as locked; nothing to install"
    return 0
  fi
  if command -v uv >/dev/null; then install_with_uv; else install_with_pip; fi || return 1
  echo "$wanted" >"$STAMP"
}

# -- the checks -----------------------------------------------------------------------------

our_files() { # every file that is ours, NUL between; also where git will not answer
  git ls-files -z --cached --others --exclude-standard 2>/dev/null ||
    find . -type f -not -path './.venv/*' -not -path './.git/*' -not -path '*cache*' -print0
}

check_shell() {
  if ! command -v shellcheck >/dev/null; then
    echo "shellcheck is not installed: not checked"
    [ "${CI:-}" != true ]
    return
  fi
  shellcheck ./*.sh scripts/*.sh .ci/run
}

check_addresses() { # no file may tie an installation to one package registry
  local hosts='py''pi\.org|python''hosted\.org|registry\.np''mjs|deb\.deb''ian\.org'
  local found
  found=$(our_files | xargs -0 grep -lIE "$hosts" 2>/dev/null)
  [ -z "$found" ] && echo "no package registry is named" && return
  printf 'a package registry is named in:\n%s\n' "$found"
  return 1
}

python=$(find_python) || give_up "no Python of 3.11 or newer was found" \
  "install one, or name it: PYTHON=/path/to/python3 ./check.sh"
provide_tools
section environment environment
if [ "$failed" -gt 0 ]; then
  give_up "the environment could not be set up" "read the lines above; is there a network?"
fi
provide_schema
ready=$SECONDS

section "ruff check" .venv/bin/ruff check --quiet .
section "ruff format" .venv/bin/ruff format --quiet --check .
section mypy .venv/bin/mypy
section "import contracts" .venv/bin/lint-imports --no-logo
section shellcheck check_shell
section addresses check_addresses
section pytest .venv/bin/python -m pytest -n auto --dist worksteal -q "$@"

say "summary"
printf '%s\n' "${summary[@]}"
absent=$({ tools_missing && { has_schema || echo cloud-init; }; } | paste -sd ' ' -)
[ -z "$absent" ] || printf '⚠ not here: %s: their tests were skipped, counted above\n' "$absent"
printf 'checks took %d s, installing %d s\n' $((SECONDS - ready)) "$ready"
if [ "$failed" -gt 0 ]; then
  printf '✗ %d of %d failed\n' "$failed" "${#summary[@]}"
  exit 1
fi
printf '✓ all passed\n'

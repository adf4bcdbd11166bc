#!/bin/sh
# Installs Capsule for this user, from the checkout this file lies in. See usage() below.
set -eu

usage() {
  cat <<'TEXT'
usage: ./install.sh [--demo] [--path] [--completion] [--editable]
       ./install.sh --uninstall

Installs Capsule for this user: an environment of its own below ~/.local/share/capsule (or
XDG_DATA_HOME) and the link ~/.local/bin/capsule. Needs Python 3.11 or newer; uses uv where it
is there. Run it again to update; an interrupted run leaves the former installation working.

  --demo         then run `capsule demo`: the whole journey, without an account
  --path         put ~/.local/bin on PATH in your shell's start-up file
  --completion   let your shell complete Capsule's commands
  --editable     run from this checkout: what you change in it is live
  --uninstall    remove what this script made; your data in ~/.capsule stays
  --help         this text
TEXT
}

fail() { # fail CODE MESSAGE HINT
  printf 'install.sh: %s\n' "$2" >&2
  [ -z "$3" ] || printf '  %s\n' "$3" >&2
  exit "$1"
}

# -- where things are -----------------------------------------------------------------------

[ -n "${HOME:-}" ] || fail 3 "HOME is not set" "export HOME=…"
here=$(CDPATH='' cd -- "$(dirname -- "$0")" && pwd -P)
case ${XDG_DATA_HOME:-} in
  /*) data=$XDG_DATA_HOME/capsule ;;
  *) data=$HOME/.local/share/capsule ;;
esac
venvs=$data/venvs          # every installation in a folder of its own: they cannot be moved
current=$data/venv         # a link to the one in use: replaced in one step
bin=$HOME/.local/bin
link=$bin/capsule
log=$data/install.log
path_begin='# >>> capsule >>>'
path_end='# <<< capsule <<<'

find_python() { # the first interpreter that is new enough; never an environment's own
  for candidate in "${PYTHON:-}" python3 python3.14 python3.13 python3.12 python3.11 \
    "$(UV_PYTHON_DOWNLOADS=never uv python find --no-project '>=3.11' 2>/dev/null || :)"; do
    [ -n "$candidate" ] || continue
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then
      "$candidate" -c 'import sys; print(sys._base_executable)'
      return 0
    fi
  done
  return 1
}

link_is_ours() { [ -L "$link" ] && [ "$(readlink "$link")" = "$current/bin/capsule" ]; }

# -- the shell's start-up file ---------------------------------------------------------------

shell_name() { basename -- "${SHELL:-sh}"; }

start_up_file() {
  case $(shell_name) in
    zsh) printf '%s\n' "${ZDOTDIR:-$HOME}/.zshrc" ;;
    fish) printf '%s\n' "${XDG_CONFIG_HOME:-$HOME/.config}/fish/config.fish" ;;
    bash)
      if [ "$(uname -s)" = Darwin ]; then
        printf '%s\n' "$HOME/.bash_profile"
      else
        printf '%s\n' "$HOME/.bashrc"
      fi
      ;;
    *) printf '%s\n' "$HOME/.profile" ;;
  esac
}

# shellcheck disable=SC2016  # the shell that reads the line expands it
path_line() {
  case $(shell_name) in
    fish) printf '%s\n' 'fish_add_path "$HOME/.local/bin"' ;;
    *) printf '%s\n' 'export PATH="$HOME/.local/bin:$PATH"' ;;
  esac
}

add_to_path() {
  file=$(start_up_file)
  if [ -f "$file" ] && grep -qF "$path_begin" "$file"; then
    echo "✓ $file has ~/.local/bin on PATH already"
    return 0
  fi
  mkdir -p "$(dirname -- "$file")"
  if [ -s "$file" ] && [ -n "$(tail -c 1 "$file")" ]; then echo >>"$file"; fi
  printf '%s\n%s\n%s\n' "$path_begin" "$(path_line)" "$path_end" >>"$file"
  echo "✓ added ~/.local/bin to PATH in $file; it holds for new terminals"
}

without() { # without FILE AWK-PROGRAM: leave out the lines, keep the file (it may be a link)
  [ -f "$1" ] || return 0
  awk -v begin="$path_begin" -v end="$path_end" -v home="$HOME" "$2" "$1" >"$1.capsule-$$"
  if cmp -s "$1" "$1.capsule-$$"; then
    rm -f "$1.capsule-$$"
    return 0
  fi
  cat "$1.capsule-$$" >"$1"
  rm -f "$1.capsule-$$"
  if ! [ -s "$1" ] && ! [ -L "$1" ]; then rm -f "$1"; fi # it was made for those lines
  echo "✓ took Capsule's lines out of $1"
}

report_path() {
  if [ -n "$add_path" ]; then
    add_to_path
    return 0
  fi
  case ":$PATH:" in
    *":$bin:"*) return 0 ;;
  esac
  echo "⚠ $bin is not on your PATH. Add this line to $(start_up_file):"
  echo "    $(path_line)"
  echo "  or let this script do it: ./install.sh --path"
}

# The shell is asked to start it: by its parent Capsule knows for which shell it is.
# shellcheck disable=SC2016
install_completion() {
  if [ -z "$completion" ]; then
    echo "▸ shell completion: capsule --install-completion"
    return 0
  fi
  case $(shell_name) in
    bash | zsh | fish)
      CAPSULE_LINK=$link "$SHELL" -c '"$CAPSULE_LINK" --install-completion && true' ||
        fail 1 "the completion could not be installed; all else is" \
          "try: capsule --install-completion"
      ;;
    *) echo "⚠ no completion for $(shell_name): there is one for bash, zsh and fish" ;;
  esac
}

# -- removing -------------------------------------------------------------------------------

# shellcheck disable=SC2016  # awk's own program
uninstall() {
  if [ -L "$link" ] && ! link_is_ours || [ -e "$link" ] && ! [ -L "$link" ]; then
    echo "⚠ $link is not ours: it stays"
  elif [ -L "$link" ]; then
    rm -f "$link"
    echo "✓ removed $link"
  fi
  if [ -e "$venvs" ] || [ -L "$current" ]; then
    rm -rf "$current" "$venvs" "$log"
    rmdir "$data" 2>/dev/null || :
    echo "✓ removed $venvs"
  fi
  for file in "$HOME/.bashrc" "$HOME/.bash_profile" "$HOME/.profile" \
    "${ZDOTDIR:-$HOME}/.zshrc" "${XDG_CONFIG_HOME:-$HOME/.config}/fish/config.fish"; do
    # The completion comes with an empty line before it: both go.
    without "$file" '
      $0 == begin { inside = 1 }
      inside { if ($0 == end) inside = 0; next }
      $0 == "" { empty++; next }
      $0 == "source '\''" home "/.bash_completions/capsule.sh'\''" { if (empty) empty--; next }
      { while (empty) { print ""; empty-- } print }
      END { while (empty) { print ""; empty-- } }'
  done
  for file in "$HOME/.bash_completions/capsule.sh" "$HOME/.zfunc/_capsule" \
    "$HOME/.config/fish/completions/capsule.fish"; do
    if [ -f "$file" ]; then
      rm -f "$file"
      echo "✓ removed $file"
    fi
  done
  kept=${CAPSULE_HOME:-$HOME/.capsule}
  if [ -e "$kept" ]; then
    echo "▸ what is yours stays: $kept (profiles, inventory, keys, credentials)"
  fi
  echo "✓ Capsule is not installed"
}

# -- installing -----------------------------------------------------------------------------

new=''
job=''

clean_up() { # an unfinished installation leaves nothing but its log
  [ -z "$job" ] || kill "$job" 2>/dev/null || :
  [ -z "$new" ] || rm -rf "$new"
}

# In the background and waited for, so that an interrupt is acted on at once.
run() {
  "$@" >>"$log" 2>&1 &
  job=$!
  if wait "$job"; then job=''; else
    job=''
    grep -iE '^ *(error|×|╰)' "$log" | tail -n 4 >&2 || :
    fail 1 "the installation failed; what was installed before still is" "the whole log: $log"
  fi
}

content() { # a sum over everything the installation is made of
  copied='src presets'
  [ -z "$editable" ] || copied=''
  (
    cd "$here"
    # shellcheck disable=SC2086  # two words, or none
    find $copied requirements pyproject.toml -type f ! -name '*.pyc' \
      -exec cksum {} + | LC_ALL=C sort
    printf '%s\n' "$here" "${editable:-copied}" "$("$python" --version)"
  ) | cksum
}

build() { # the environment $new, complete, from the locked versions
  if command -v uv >/dev/null 2>&1; then
    export UV_PYTHON_DOWNLOADS=never
    run uv venv --quiet --allow-existing --python "$python" "$new"
    run uv pip install --quiet --compile-bytecode --python "$new/bin/python" \
      --require-hashes -r "$here/requirements/runtime.lock"
    run uv pip install --quiet --compile-bytecode --python "$new/bin/python" \
      --no-deps --no-build-isolation ${editable:+--editable} "$here"
    return 0
  fi
  "$python" -c 'import ensurepip, venv' 2>/dev/null ||
    fail 3 "this Python ($python) cannot make environments" \
      "Debian, Ubuntu: sudo apt install python3-venv; or install uv"
  run "$python" -m venv "$new"
  run "$new/bin/python" -m pip install --quiet --require-hashes \
    -r "$here/requirements/runtime.lock"
  run "$new/bin/python" -m pip install --quiet --no-deps --no-build-isolation \
    ${editable:+--editable} "$here"
}

point() { # point LINK TARGET: in one step, also where LINK points to something already
  "$python" -c 'import os, sys
link, target = sys.argv[1:]
beside = f"{link}.{os.getpid()}"
os.symlink(target, beside)
os.replace(beside, link)' "$1" "$2"
}

sweep() { # sweep FORMER: keep what runs now and what ran until now; a day for unfinished ones
  for folder in "$venvs"/*; do
    case $folder in
      "$(readlink "$current")" | "$1") continue ;;
    esac
    if [ -f "$folder/.capsule-content" ]; then rm -rf "$folder"; fi
    find "$folder" -prune -type d -mtime +0 -exec rm -rf {} + 2>/dev/null || :
  done
}

install_capsule() {
  if [ -e "$link" ] || [ -L "$link" ]; then
    link_is_ours || fail 5 "$link is there already, and is not ours" "move it away, then run this again"
  fi
  mkdir -p "$venvs" "$bin" || fail 13 "cannot write below $data or $bin" "look at their owner and mode"
  wanted=$(content)
  if link_is_ours && [ "$(cat "$current/.capsule-content" 2>/dev/null)" = "$wanted" ] &&
    "$link" --version >/dev/null 2>&1; then
    echo "✓ $("$link" --version) is installed, and as this checkout is"
    return 0
  fi
  : >"$log"
  trap clean_up EXIT
  trap 'exit 130' INT
  trap 'exit 143' TERM HUP
  new=$(mktemp -d "$venvs/XXXXXXXX")
  chmod 755 "$new"
  echo "▸ installing into $new"
  build
  version=$("$new/bin/capsule" --version 2>>"$log") ||
    fail 1 "what was installed does not start; what was there before is untouched" "see $log"
  printf '%s\n' "$wanted" >"$new/.capsule-content"
  former=$(readlink "$current" || :)
  made=$new
  new='' # from here on it is complete, and stays
  point "$current" "$made"
  point "$link" "$current/bin/capsule"
  sweep "$former"
  echo "✓ installed $version: $link"
}

# -- the command line -----------------------------------------------------------------------

demo='' add_path='' completion='' editable='' remove=''
for argument in "$@"; do
  case $argument in
    --demo) demo=yes ;;
    --path) add_path=yes ;;
    --completion) completion=yes ;;
    --editable) editable=yes ;;
    --uninstall) remove=yes ;;
    -h | --help) usage; exit 0 ;;
    *)
      usage >&2
      fail 2 "unknown option '$argument'" ""
      ;;
  esac
done

if [ -n "$remove" ]; then
  [ -z "$demo$add_path$completion$editable" ] || fail 2 "--uninstall goes alone" ""
  uninstall
  exit 0
fi

# Settings that would send packages elsewhere than into the environment.
unset PYTHONPATH PYTHONHOME PIP_TARGET PIP_PREFIX PIP_USER VIRTUAL_ENV 2>/dev/null || :

python=$(find_python) || fail 3 "no Python of 3.11 or newer was found" \
  "install one, or name it: PYTHON=/path/to/python3 ./install.sh"
install_capsule
report_path
install_completion
if [ -n "$demo" ]; then
  "$link" demo
fi

#!/bin/sh
# Where things are on this machine. The other scripts here whose first argument is MARKER are run with
# this one before them, and with nothing on stdin but for hold.sh.
set -eu
marker=$1
LC_ALL=C
export LC_ALL

fail() { # fail MESSAGE: the last line that is said
  printf '%s\n' "$1" >&2
  exit 1
}

say() { # say NAME VALUE: a fact, on a line that no banner can be taken for
  printf '\n%s %s %s\n' "$marker" "$1" "$2"
}

capsule_home() { printf '%s\n' "${CAPSULE_HOME:-$HOME/.capsule}"; }
capsule_data() { printf '%s\n' "${XDG_DATA_HOME:-$HOME/.local/share}/capsule"; }
profile_link() { # where `capsule setup` on this machine has its Nix profile too
  if [ "$(capsule_home)" != "$HOME/.capsule" ]; then
    printf '%s\n' "$(capsule_home)/nix/profiles/capsule"
    return 0
  fi
  case ${XDG_STATE_HOME:-} in
    /*) printf '%s\n' "$XDG_STATE_HOME/nix/profiles/capsule" ;;
    *) printf '%s\n' "$HOME/.local/state/nix/profiles/capsule" ;;
  esac
}
login_shell() { printf '%s\n' "${SHELL:-/bin/sh}"; }

has() { command -v "$1" >/dev/null 2>&1; }

sudo_kind() { # how this user becomes root
  if [ "$(id -u)" = 0 ]; then
    echo root
  elif ! has sudo; then
    echo none
  elif sudo -n true >/dev/null 2>&1; then
    echo free
  else
    echo asks
  fi
}

nix_program() { # the nix to use, if there is one
  found=$(command -v nix 2>/dev/null || :)
  for candidate in "$found" "$HOME/.nix-profile/bin/nix" \
    "${XDG_STATE_HOME:-$HOME/.local/state}/nix/profile/bin/nix" \
    /nix/var/nix/profiles/default/bin/nix; do
    case $candidate in
      /*) ;;
      *) continue ;;
    esac
    if [ -x "$candidate" ]; then
      printf '%s\n' "$candidate"
      return 0
    fi
  done
  return 1
}

python_program() { # a Python that is new enough and can make environments
  for name in python3.14 python3.13 python3.12 python3.11 python3; do
    found=$(command -v "$name" 2>/dev/null) || continue
    if "$found" -c 'import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))' \
      >/dev/null 2>&1; then
      printf '%s\n' "$found"
      return 0
    fi
  done
  return 1
}

# -- one at a time --------------------------------------------------------------------------

work_folder() { # where work in progress is, and its locks
  folder=$(capsule_home)/environment
  (umask 077 && mkdir -p -- "$folder") && printf '%s\n' "$folder"
}

locked_at_once() { # locked_at_once FD: the lock on an open file, which ends with those who have it open
  if has flock; then
    flock -n "$1"
  elif has perl; then # macOS has no flock
    perl -e 'use Fcntl ":flock"; open my $file, ">>&=", $ARGV[0] or exit 0;
      exit !flock $file, LOCK_EX | LOCK_NB' "$1"
  fi
}

take_turn() { # what a broken connection left running here ends before anything else is begun
  exec 8>>"$(work_folder)/.planting"
  if locked_at_once 8; then return 0; fi
  echo "an earlier planting still works here: waiting for its end" >&2
  until locked_at_once 8; do sleep 1; done
}

sha256_of() { # sha256_of FILE
  if has sha256sum; then
    sha256sum <"$1"
  elif has shasum; then
    shasum -a 256 <"$1"
  else
    openssl dgst -sha256 -r <"$1"
  fi | cut -c 1-64
}

# -- the login shell's start-up file --------------------------------------------------------

begin='# >>> capsule plant >>>'
end='# <<< capsule plant <<<'

start_up_file() { # what a login shell reads, whether it is interactive or not
  case $(basename -- "$(login_shell)") in
    zsh) printf '%s\n' "${ZDOTDIR:-$HOME}/.zprofile" ;;
    fish) printf '%s\n' "${XDG_CONFIG_HOME:-$HOME/.config}/fish/conf.d/capsule.fish" ;;
    bash)
      for name in .bash_profile .bash_login; do
        if [ -r "$HOME/$name" ]; then
          printf '%s\n' "$HOME/$name"
          return 0
        fi
      done
      printf '%s\n' "$HOME/.profile"
      ;;
    *) printf '%s\n' "$HOME/.profile" ;;
  esac
}

quoted() { # quoted TEXT: as one word, for every shell
  printf "'%s'" "$(printf '%s\n' "$1" | sed "s/'/'\\\\''/g")"
}

# shellcheck disable=SC2016  # the shell that reads it expands it
block() { # what is put there
  printf '%s\n' "$begin"
  folders="\"\$HOME/.local/bin\" $(quoted "$(profile_link)/bin")"
  case $(basename -- "$(login_shell)") in
    fish)
      printf 'for capsule_folder in %s\n' "$folders"
      echo '  contains -- $capsule_folder $PATH; or set -gx PATH $capsule_folder $PATH'
      echo 'end'
      ;;
    *)
      printf 'for capsule_folder in %s; do\n' "$folders"
      echo '  case ":$PATH:" in'
      echo '    *":$capsule_folder:"*) ;;'
      echo '    *) PATH="$capsule_folder:$PATH" ;;'
      echo '  esac'
      echo 'done'
      echo 'unset capsule_folder'
      echo 'export PATH'
      ;;
  esac
  printf '%s\n' "$end"
}

block_in() { # block_in FILE: the block as it stands there
  awk -v begin="$begin" -v end="$end" '
    $0 == begin { inside = 1; held = "" }
    inside { held = held $0 "\n" }
    inside && $0 == end { inside = 0; printf "%s", held }' "$1"
}

# -- Capsule itself -------------------------------------------------------------------------

capsule_kind() { # what stands at ~/.local/bin/capsule
  link=$HOME/.local/bin/capsule
  if [ -L "$link" ] && [ "$(readlink -- "$link")" = "$(capsule_data)/venv/bin/capsule" ]; then
    echo ours
  elif [ -e "$link" ] || [ -L "$link" ]; then
    echo foreign
  else
    echo absent
  fi
}

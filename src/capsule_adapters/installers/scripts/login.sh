#!/bin/sh
# login.sh MARKER: what a login shell sees that starts with nothing inherited.

main() {
  marker=$1
  bin=$(profile_link)/bin
  shell=$(login_shell)
  case $(basename -- "$shell") in
    bash | zsh | fish | ksh | dash | ash | sh) ;;
    *) shell=/bin/sh ;;
  esac
  program=''
  for candidate in "$bin"/*; do
    if [ -x "$candidate" ]; then
      program=$(basename -- "$candidate")
      break
    fi
  done
  # shellcheck disable=SC2016  # the login shell expands it, be it fish
  saw=$(env -i HOME="$HOME" USER="$(id -un)" LOGNAME="$(id -un)" SHELL="$(login_shell)" \
    TERM=dumb PATH=/usr/local/bin:/usr/bin:/bin CAPSULE_MARKER="$marker" \
    CAPSULE_PROGRAM="${program:-sh}" "$shell" -l -c '
      echo
      echo "$CAPSULE_MARKER path $PATH"
      command -v "$CAPSULE_PROGRAM" | sed "s|^|$CAPSULE_MARKER found |"
      command -v capsule | sed "s|^|$CAPSULE_MARKER capsule |"
      capsule --version 2>/dev/null | sed "s|^|$CAPSULE_MARKER capsule_version |"
      true' 2>/dev/null) || fail "a login shell ($shell) does not start"
  printf '\n%s bin %s\n%s program %s\n%s\n%s end yes\n' \
    "$marker" "$bin" "$marker" "$program" "$saw" "$marker"
}

main "$@"

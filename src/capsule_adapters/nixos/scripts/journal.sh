#!/bin/sh
# Where a switch is written down: in /run what holds until the machine is started anew, and in
# /var/lib what outlives a power cut. All of it is root's alone.
runs=/run/capsule
switches=/var/lib/capsule/switches
pending=/var/lib/capsule/pending
roots=/nix/var/nix/gcroots/capsule

private() { (umask 077 && mkdir -p "$@"); } # private FOLDER…: made where it is not there

write() { # write FILE TEXT: in one step, and on the disk before it counts
  printf '%s\n' "$2" >"$1.new" && sync "$1.new" && mv -f "$1.new" "$1" && sync "$(dirname "$1")"
}

value() { # value ID NAME: of the order, as it was given
  while read -r name rest; do
    if [ "$name" = "$2" ]; then printf '%s\n' "$rest"; fi
  done <"$switches/$1/order"
}

note() { # note ID STATE REASON: fails when it may not outlive a power cut
  private "$runs/$1"
  printf '%s\n%s\n' "$2" "$3" >"$runs/$1/state.new" && mv -f "$runs/$1/state.new" "$runs/$1/state"
  write "$switches/$1/state" "$2
$3" 2>/dev/null
}

noted() { # noted ID LINE: 1 is the state, 2 the reason
  for folder in "$runs/$1" "$switches/$1"; do
    if [ -e "$folder/state" ]; then
      {
        read -r first
        read -r second
      } <"$folder/state"
      if [ "$2" = 1 ]; then printf '%s\n' "$first"; else printf '%s\n' "$second"; fi
      return
    fi
  done
}

state_of() { noted "$1" 1; }

has_ended() { # has_ended ID
  case $(state_of "$1") in
    committed | rolled-back | refused | rollback-failed | interrupted) return 0 ;;
  esac
  return 1
}

end() { # end ID STATE REASON: nothing more comes, and nothing is kept from being collected
  rm -f "$roots/$1-old" "$roots/$1-new"
  cp "$runs/$1/log" "$switches/$1/log" 2>/dev/null
  note "$1" "$2" "$3"
  if [ "$(readlink "$pending")" = "switches/$1" ]; then rm -f "$pending"; fi
}

is_same_boot() { # is_same_boot ID: whether it still runs since the switch began
  read -r this_boot </proc/sys/kernel/random/boot_id
  [ "$(value "$1" boot_id)" = "$this_boot" ]
}

is_watched() { # is_watched ID
  is_capsule_locked && read -r holder <"$runs/lock" && [ "$holder" = "$1" ]
}

decided() { # decided ID: nothing yet, or the word
  if [ -e "$runs/$1/decision" ]; then cat "$runs/$1/decision"; fi
}

decide() { # decide ID WORD: who is first has decided; fails when something else was
  printf '%s\n' "$2" >"$runs/$1/decision.$$"
  ln "$runs/$1/decision.$$" "$runs/$1/decision" 2>/dev/null
  rm -f "$runs/$1/decision.$$"
  [ "$(decided "$1")" = "$2" ]
}

is_known() { [ -e "$switches/$1/order" ] && [ -n "$(state_of "$1")" ]; } # is_known ID: it was begun

by_number() { # the switches' ids, the newest first
  for order in "$switches"/*/order; do
    id=${order%/order}
    id=${id##*/}
    is_known "$id" && printf '%s %s\n' "$(value "$id" number)" "$id"
  done | sort -rn | cut -d ' ' -f 2
}

watch() { # watch ID: start its watchdog, which hangs on to nobody's session; waits until it runs
  tools=$(value "$1" old)/sw
  systemd-run --unit="capsule-apply-$1" --collect --no-ask-password --quiet --service-type=exec \
    --property=Restart=on-failure --property=RestartSec=3 --property=KillMode=mixed \
    --property=TimeoutStopSec=600 --property=OOMScoreAdjust=-900 \
    --setenv="PATH=$tools/bin" --setenv=LC_ALL=C \
    --setenv="LOCALE_ARCHIVE=$tools/lib/locale/locale-archive" \
    -- "$tools/bin/bash" "$switches/$1/switch.sh" 8>&- || return 1
  tries=0
  until is_watched "$1" || has_ended "$1"; do
    tries=$((tries + 1))
    [ "$tries" -le 300 ] || return 1
    sleep 0.1
  done
}

settle() { # settle ID: what is true of a switch that nobody watches any more
  if has_ended "$1" || is_watched "$1"; then return 0; fi
  if is_same_boot "$1"; then
    case $(state_of "$1") in
      # Whoever began it did not come so far, and may have gone long ago.
      armed) end "$1" refused "its watchdog never ran; nothing was changed" ;;
      *) watch "$1" ;; # it was killed, and goes on where it was
    esac
    return
  fi
  case $(state_of "$1"),$(value "$1" mode),$(cat "$switches/$1/touched" 2>/dev/null) in
    armed,*) end "$1" interrupted "the machine was started anew before it began" ;;
    committing,* | *,reboot,* | *,profile | *,loader) watch "$1" ;; # there is something to finish, or to undo
    rebooting,*)
      if [ "$(running)" = "$(value "$1" old)" ]; then
        end "$1" rolled-back "$(noted "$1" 2); it was started anew"
      else
        end "$1" rollback-failed "$(noted "$1" 2); it was started anew as $(running)"
      fi
      ;;
    *) end "$1" interrupted "the machine was started anew before it was confirmed" ;;
  esac
}

settle_all() {
  for each in $(by_number); do settle "$each"; done
}

pass_door() { # one at a time, of those who begin something or find out what became of it
  private "$runs"
  exec 8>"$runs/door"
  flock -w 20 8
}

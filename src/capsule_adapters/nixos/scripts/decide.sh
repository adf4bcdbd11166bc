#!/bin/sh
# decide.sh MARKER ID confirm|give-up: what the watchdog waits for. Who says it first has said it,
# be it a person or the watchdog's own clock.
id=$1 word=$2

too_late() {
  refuse conflict "it waits for no confirmation any more: it is $(state_of "$id"), as $(noted "$id" 2)"
}

require_nixos
pass_door || refuse conflict "something else begins there"
is_known "$id" || refuse missing-switch "$id"
settle "$id"
case $word,$(state_of "$id") in
  confirm,committing | confirm,committed) ;;
  confirm,awaiting-confirm) decide "$id" confirm || too_late ;;
  confirm,armed | confirm,activating) refuse conflict "it does not wait for a confirmation yet" ;;
  confirm,*) too_late ;;
  give-up,armed | give-up,activating | give-up,awaiting-confirm) decide "$id" give-up || : ;;
esac
say end yes

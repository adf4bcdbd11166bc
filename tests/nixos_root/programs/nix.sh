#!/bin/bash
# nix … store info|ping --json: whether the store trusts who asks.
case " $* " in
  *' store info '* | *' store ping '*)
    printf '{"url":"daemon","version":"2.31.2","trusted":%s}\n' "$(cat /trusted 2>/dev/null || echo 1)"
    ;;
  *) exit 1 ;;
esac

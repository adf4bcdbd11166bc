#!/bin/bash
# nixos-version --configuration-revision, of the system in whose sw it is.
# shellcheck source=/dev/null
. "${0%/sw/bin/nixos-version}/behaviour"
[ -n "$revision" ] || { echo "$0: configuration revision is unknown" >&2; exit 1; }
echo "$revision"

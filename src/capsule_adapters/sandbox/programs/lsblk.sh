#!/bin/sh
# The machine's one disk, with what is mounted of it; of its file systems nobody can tell.
case "$*" in
  *-J*MOUNTPOINT*) ;;
  *)
    echo "rehearsal: lsblk tells of the disk and its mounts alone: lsblk -J -o NAME,MOUNTPOINT" >&2
    exit 1
    ;;
esac
cat <<'END'
{"blockdevices": [
  {"name": "vda", "size": 42949672960, "type": "disk", "ro": false, "rm": false,
   "model": "rehearsed", "serial": null, "mountpoint": null,
   "children": [{"name": "vda1", "size": 42948624384, "type": "part", "mountpoint": "/"}]}
]}
END

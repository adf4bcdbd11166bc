#!/bin/bash
# Everyone who is not `user` of the machine is root, in this fake.
user=$(cat /opt/user)
if [ "$user" = root ] || [ -n "${FAKE_ROOT:-}" ]; then
  uid=0 name=root
else
  uid=1000 name=$user
fi
case $1 in
  -u) echo "$uid" ;;
  -un) echo "$name" ;;
  *) exit 1 ;;
esac

#!/bin/bash
# What sshd said, whatever is asked.
cat /var/log/sshd

"""The real `capsule` as a process, and a machine that it switches: killed, cut off, interrupted.

`client.py` is the process: all of Capsule but what builds systems. `scene.py` is a machine of
tests/nixos_root with a home that knows it as the xNode `vm`, and judges what came of a run.
"""

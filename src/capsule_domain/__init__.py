"""The core of Capsule: values, roles and intents; no I/O."""

"""Which key opens a cloud: the environment's, or else the one that is kept."""

from capsule_domain.ports.cloud_keys import CloudKey, CloudKeys


def key_at_hand(keys: CloudKeys, provider: str) -> CloudKey:
    """The key to use. Its secrets never come from two places, so that two keys are not mixed.

    What is no secret, such as a project, is the environment's where it has it. What is
    kept is not read when the environment has it all.
    """
    there = keys.in_environment(provider)
    plain = {part.field for part in keys.parts(provider) if not part.secret}
    if "api_key" in there:
        lacking = plain - there.keys()
        kept = keys.kept(provider) if lacking else {}
        return {field: value for field, value in kept.items() if field in lacking} | dict(there)
    kept = keys.kept(provider)
    if "api_key" not in kept:
        return there
    return dict(kept) | {field: value for field, value in there.items() if field in plain}

"""What has to be put right before anything else looks at the home."""

from capsule_cli.options import GlobalOptions


def recover(options: GlobalOptions) -> bool:
    """Undo a restore that an earlier Capsule died in the middle of; one look when there is none.

    Raises StoreError when another Capsule holds the home, or it cannot be written.
    """
    home = options.home / "sandbox" if options.sandbox else options.home
    if not (home / ".restore").exists():
        return False
    from capsule_adapters.store.backup_swap import recover

    return recover(home)

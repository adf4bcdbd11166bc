"""Which configuration is meant, where a person named none."""

from capsule_cli.session import Session


def refuse_ambiguity(run: Session) -> None:
    """Raises UsageError where there are several configurations and nobody sees which is taken."""
    from capsule_domain.errors import UsageError

    if run.ask.can_ask or run.ask.yes:
        return
    folders = run.wiring.configurations().generated()
    if len(folders) > 1:
        names = ", ".join(folder.name for folder in folders[:5])
        raise UsageError(
            f"there are {len(folders)} configurations: {names}{', …' if len(folders) > 5 else ''}",
            hint=f"--config {folders[0]}",
        )

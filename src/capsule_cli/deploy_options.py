"""The options that the commands share which rent something."""

from typing import Annotated

import typer

from capsule_cli import complete

Named = Annotated[str | None, typer.Option("--name", help="What you will call it.")]
MeantFor = Annotated[
    str | None,
    typer.Option(
        "--profile",
        help="The profile that is put there [the active one].",
        autocompletion=complete.profiles,
    ),
]
Tagged = Annotated[str | None, typer.Option("--tags", help="Tags, a,b.")]
WithKey = Annotated[
    str | None,
    typer.Option("--ssh-key", help="Key file [openmesh.yml's, else Capsule's own]."),
]
Lives = Annotated[
    str | None,
    typer.Option("--ttl", help="How long it may live: 30m, 8h, 2d, 1w; then `reap` ends it."),
]
HowMany = Annotated[int, typer.Option("--count", help="How many: NAME-1, NAME-2 …")]
Apart = Annotated[
    str | None,
    typer.Option(
        "--spread",
        help="Keep several apart: regions or providers.",
        autocompletion=complete.words("regions", "providers"),
    ),
]
PlanOut = Annotated[
    str | None,
    typer.Option("--plan-out", metavar="FILE", help="Write the plan to a file; rent nothing."),
]
Forced = Annotated[
    bool, typer.Option("--force", help="Rent even from a cloud that has ended (--provider).")
]
OnlyTemplate = Annotated[
    str | None,
    typer.Option(
        "--template",
        help="Only this one, by its name or the cloud's own id.",
        autocompletion=complete.templates,
    ),
]
ThisTemplate = Annotated[
    str,
    typer.Option(
        "--template", help="By its name or the cloud's own id.", autocompletion=complete.templates
    ),
]
OverBudget = Annotated[
    str | None,
    typer.Option("--override-budget", metavar="REASON", help="Go beyond a budget; why is kept."),
]

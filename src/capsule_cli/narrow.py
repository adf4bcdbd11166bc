"""The options that narrow a list of xNodes, the same for every command that has one."""

from typing import TYPE_CHECKING, Annotated

import typer

from capsule_cli import complete

if TYPE_CHECKING:
    from capsule_cli.session import Session
    from capsule_domain.models.xnode import XNodeFilter

Status = Annotated[
    str | None,
    typer.Option(
        help="Such as running, stopped or gone.",
        autocompletion=complete.words(
            "pending", "running", "stopped", "restarting", "unknown", "gone"
        ),
    ),
]
AtRegion = Annotated[
    str | None, typer.Option(help="Only in this region.", autocompletion=complete.regions)
]
AtProvider = Annotated[
    str | None,
    typer.Option(help="Only at this cloud, or manual.", autocompletion=complete.providers),
]
WithTags = Annotated[
    str | None, typer.Option(help="All of these, a,b.", autocompletion=complete.tags)
]
Most = Annotated[int | None, typer.Option("--limit", min=1, help="At most so many.")]
Gone = Annotated[bool, typer.Option("--gone", help="Those that are gone as well.")]


def narrowed(
    run: "Session",
    *,
    status: str | None,
    region: str | None,
    provider: str | None,
    tags: str | None,
    gone: bool = False,
) -> "XNodeFilter":
    """What the options say. Raises UsageError, and NotFound for a cloud that nobody knows."""
    from capsule_cli.values import listed, made
    from capsule_domain.models.xnode import XNodeFilter
    from capsule_domain.services.one_of import one_of
    from capsule_domain.services.place import region_meant
    from capsule_domain.services.xnode_of_record import MANUAL

    clouds = [*run.wiring.providers(), MANUAL] if provider else []
    return made(
        XNodeFilter,
        status=status,
        region=region and region_meant(region, run.wiring.catalogue().regions()),
        provider=provider
        and one_of("provider", provider, clouds, hint="capsule openmesh providers"),
        tags=listed(tags),
        include_gone=gone,
    )

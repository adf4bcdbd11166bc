"""A service manager that only notes what it would do."""

from capsule_domain.models.collector_service import ServicePlan, ServiceScope
from capsule_domain.ports.installation import Progress


class FakeCollectorService:
    """`CollectorService` in memory; the files are by their paths."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}

    def plan(self, scope: ServiceScope, file: str | None = None) -> ServicePlan:
        path = file or f"/units/{scope}"
        text = f"runs the collector for the {scope}\n"
        return ServicePlan(
            scope=scope,
            path=path,
            text=text,
            changed=self.files.get(path) != text,
            runs_here=False,
            begin=() if scope is ServiceScope.NIXOS else (("systemctl", "enable", "it"),),
            remove=(("rm", path),),
        )

    def install(self, plan: ServicePlan, progress: Progress) -> None:
        self.files[plan.path] = plan.text

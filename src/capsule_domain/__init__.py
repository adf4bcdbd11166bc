# ruff: noqa: I001  (one block for each module reads better than one for each name)
"""The core of Capsule, for programs: values, roles and intents; no I/O.

    from capsule_domain import Requirements, rank

Everything named here is public and stays. Names are loaded when they are first
used, so that importing one error does not load every model. Ports, for those who
write adapters, are in `capsule_domain.ports`, one a file.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from capsule_domain.errors import (
        AccountLocked as AccountLocked,
        ActivationFailed as ActivationFailed,
        CapsuleError as CapsuleError,
        CheckFailed as CheckFailed,
        ConfigurationError as ConfigurationError,
        Conflict as Conflict,
        CredentialsMissing as CredentialsMissing,
        CredentialsRefused as CredentialsRefused,
        HostError as HostError,
        HostKeyChanged as HostKeyChanged,
        HostUnreachable as HostUnreachable,
        NoOfferFits as NoOfferFits,
        NotFound as NotFound,
        OutcomeUnknown as OutcomeUnknown,
        OutOfStock as OutOfStock,
        PermissionMissing as PermissionMissing,
        ProjectUnknown as ProjectUnknown,
        ProviderError as ProviderError,
        ProviderUnavailable as ProviderUnavailable,
        QuotaExceeded as QuotaExceeded,
        RateLimited as RateLimited,
        RollbackFailed as RollbackFailed,
        ServiceEnded as ServiceEnded,
        StoreError as StoreError,
        ToolMissing as ToolMissing,
        UnsafePlan as UnsafePlan,
        UsageError as UsageError,
    )
    from capsule_domain.models.cost import (
        CostReport as CostReport,
    )
    from capsule_domain.models.deployment import (
        Deployment as Deployment,
        DeploymentState as DeploymentState,
        DeployPlan as DeployPlan,
    )
    from capsule_domain.models.finding import (
        Finding as Finding,
        Severity as Severity,
        Validation as Validation,
    )
    from capsule_domain.models.health import (
        Check as Check,
        CheckKind as CheckKind,
        Health as Health,
        HealthStatus as HealthStatus,
    )
    from capsule_domain.models.marks import (
        TagChange as TagChange,
    )
    from capsule_domain.models.metric import (
        Disk as Disk,
        Metrics as Metrics,
        Observation as Observation,
    )
    from capsule_domain.models.money import (
        Money as Money,
        Rates as Rates,
    )
    from capsule_domain.models.nixos import (
        NixosPart as NixosPart,
        NixosRequest as NixosRequest,
        PreviewFormat as PreviewFormat,
        RenderedFile as RenderedFile,
    )
    from capsule_domain.models.profile import (
        Environment as Environment,
        Profile as Profile,
    )
    from capsule_domain.models.requirements import (
        PriceLimit as PriceLimit,
        Requirements as Requirements,
        Spread as Spread,
    )
    from capsule_domain.models.server import (
        Account as Account,
        Capabilities as Capabilities,
        Server as Server,
        ServerRequest as ServerRequest,
        ServerStatus as ServerStatus,
    )
    from capsule_domain.models.sprout import (
        Sprout as Sprout,
    )
    from capsule_domain.models.stack import (
        ResolvedStack as ResolvedStack,
        Stack as Stack,
    )
    from capsule_domain.models.operating_system import (
        OperatingSystem as OperatingSystem,
    )
    from capsule_domain.models.template import (
        Arch as Arch,
        Gpu as Gpu,
        Offer as Offer,
        Region as Region,
        Stock as Stock,
        Template as Template,
    )
    from capsule_domain.models.xnode import (
        XNode as XNode,
        XNodeFilter as XNodeFilter,
    )
    from capsule_domain.services.abandon import (
        Abandon as Abandon,
    )
    from capsule_domain.services.compose import (
        Compose as Compose,
    )
    from capsule_domain.services.cost import (
        cost_report as cost_report,
    )
    from capsule_domain.services.deploy import (
        Deploy as Deploy,
    )
    from capsule_domain.services.diary import (
        Diary as Diary,
    )
    from capsule_domain.services.first_come import (
        FirstCome as FirstCome,
    )
    from capsule_domain.services.lifecycle import (
        Lifecycle as Lifecycle,
    )
    from capsule_domain.services.mark import (
        Mark as Mark,
    )
    from capsule_domain.services.market import (
        Market as Market,
    )
    from capsule_domain.services.place import (
        Ranking as Ranking,
        Rejected as Rejected,
        offers_of as offers_of,
        rank as rank,
    )
    from capsule_domain.services.plan import (
        plan_deploy as plan_deploy,
        plan_fleet as plan_fleet,
    )
    from capsule_domain.services.ready import (
        Ready as Ready,
    )
    from capsule_domain.services.rent import (
        Rent as Rent,
    )
    from capsule_domain.services.terminate import (
        Terminate as Terminate,
    )
    from capsule_domain.services.watch import (
        Watch as Watch,
    )

_HOMES = {
    "AccountLocked": "errors",
    "ActivationFailed": "errors",
    "CapsuleError": "errors",
    "CheckFailed": "errors",
    "ConfigurationError": "errors",
    "Conflict": "errors",
    "CredentialsMissing": "errors",
    "CredentialsRefused": "errors",
    "HostError": "errors",
    "HostKeyChanged": "errors",
    "HostUnreachable": "errors",
    "Lifecycle": "services.lifecycle",
    "Mark": "services.mark",
    "NoOfferFits": "errors",
    "NotFound": "errors",
    "OutcomeUnknown": "errors",
    "OutOfStock": "errors",
    "PermissionMissing": "errors",
    "ProjectUnknown": "errors",
    "ProviderError": "errors",
    "ProviderUnavailable": "errors",
    "QuotaExceeded": "errors",
    "RateLimited": "errors",
    "RollbackFailed": "errors",
    "ServiceEnded": "errors",
    "StoreError": "errors",
    "TagChange": "models.marks",
    "ToolMissing": "errors",
    "UnsafePlan": "errors",
    "UsageError": "errors",
    "CostReport": "models.cost",
    "Deployment": "models.deployment",
    "DeploymentState": "models.deployment",
    "DeployPlan": "models.deployment",
    "Finding": "models.finding",
    "Severity": "models.finding",
    "Validation": "models.finding",
    "Check": "models.health",
    "CheckKind": "models.health",
    "Health": "models.health",
    "HealthStatus": "models.health",
    "Disk": "models.metric",
    "Metrics": "models.metric",
    "Observation": "models.metric",
    "Money": "models.money",
    "Rates": "models.money",
    "NixosPart": "models.nixos",
    "NixosRequest": "models.nixos",
    "PreviewFormat": "models.nixos",
    "RenderedFile": "models.nixos",
    "Environment": "models.profile",
    "Profile": "models.profile",
    "PriceLimit": "models.requirements",
    "Requirements": "models.requirements",
    "Spread": "models.requirements",
    "Account": "models.server",
    "Capabilities": "models.server",
    "Server": "models.server",
    "ServerRequest": "models.server",
    "ServerStatus": "models.server",
    "Sprout": "models.sprout",
    "ResolvedStack": "models.stack",
    "Stack": "models.stack",
    "OperatingSystem": "models.operating_system",
    "Arch": "models.template",
    "Gpu": "models.template",
    "Offer": "models.template",
    "Region": "models.template",
    "Stock": "models.template",
    "Template": "models.template",
    "XNode": "models.xnode",
    "XNodeFilter": "models.xnode",
    "Abandon": "services.abandon",
    "FirstCome": "services.first_come",
    "Compose": "services.compose",
    "cost_report": "services.cost",
    "Deploy": "services.deploy",
    "Diary": "services.diary",
    "plan_deploy": "services.plan",
    "plan_fleet": "services.plan",
    "Market": "services.market",
    "Ranking": "services.place",
    "Rejected": "services.place",
    "offers_of": "services.place",
    "rank": "services.place",
    "Ready": "services.ready",
    "Rent": "services.rent",
    "Terminate": "services.terminate",
    "Watch": "services.watch",
}

__all__ = sorted(_HOMES)  # noqa: PLE0605  (the table is the list)


def __getattr__(name: str) -> Any:
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'capsule_domain' has no attribute '{name}'")
    return getattr(import_module(f"capsule_domain.{home}"), name)


def __dir__() -> list[str]:
    return __all__

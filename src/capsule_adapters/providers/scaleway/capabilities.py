"""What Scaleway is called, and what it can do."""

from capsule_domain.models.server import Capabilities, UserDataForm
from capsule_domain.models.template import Arch

NAME = "scaleway"
UUID_PATTERN = "[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"

CAPABILITIES = Capabilities(
    # "Understanding Instance pricing", 2025-02: billing pauses while it is powered off, and
    # attached storage and flexible IPs are billed on. Stopped in place bills as if it ran.
    bills_when_stopped=False,
    stopped_costs="volumes and IP address",
    # "Understanding billing for Scaleway IP addresses", 2025-06: addresses are billed apart; it has
    # a price as an example only, and the API tells neither theirs nor that of volumes.
    not_counted="volumes and IP address",
    # API description: create has no user data; PATCH …/user_data/cloud-init takes it as it is.
    user_data_form=UserDataForm.SEPARATE,
    # Not published (unsourced). As much as other clouds take; Scaleway may take more.
    user_data_max_bytes=64 * 1024,
    # API description: no idempotency key on any operation.
    idempotent_create=False,
    # Not published (unsourced); the same caution as elsewhere.
    settling_seconds=60.0,
    # Not published (unsourced). The filter takes a list with commas, so no comma; and tags that
    # begin with AUTHORIZED_KEY= let keys in, so no equals sign.
    tag_pattern="[A-Za-z0-9:._-]{1,128}",
    # API description: PATCH …/servers/{server_id}, `tags`.
    tags_change_after_creation=True,
    # Instances FAQ, 2025-11: CPU Instances by the hour of uptime; those with a GPU by the minute.
    minimum_billed_seconds=3600,
    billed_by_seconds=3600,
    # The price page names none any more; the month's price is 730 hours in every recorded answer.
    monthly_cap=False,
    # Recorded products: x86_64 and arm64.
    architectures=(Arch.X86_64, Arch.AARCH64),
    # TABLE of labels: the marketplace has none.
    nixos_image=False,
    currency="EUR",
)

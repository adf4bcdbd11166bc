"""What differs between the releases of NixOS that Capsule writes for. One table, sourced."""

from collections.abc import Mapping, Sequence

from capsule_domain.models.base import Model

RELEASES = ("25.11", "26.05", "26.11")
"""The releases that a configuration may be for, oldest first."""


class ReleaseFacts(Model):
    """What is written differently for a release.

    `nixpkgs` and `home_manager` are branches; `from_before` says what a machine meets that
    comes from the release before.
    """

    nixpkgs: str
    home_manager: str
    has_intel_macs: bool
    from_before: str | None = None
    source: str


class OptionChange(Model):
    """An option that not every release has: `since` the one, or `until` before the other.

    `instead` is what to set where it is absent; None where nothing takes its place.
    `form` is what Capsule's own modules write in its stead, for all releases alike.
    """

    option: str
    since: str | None = None
    until: str | None = None
    instead: str | None = None
    form: str | None = None
    source: str

    def is_in(self, release: str) -> bool:
        """Whether a release has the option. Releases sort as texts: `YY.MM`."""
        return (self.since is None or release >= self.since) and (
            self.until is None or release < self.until
        )


_NOTES = "nixos/doc/manual/release-notes/rl-{}.section.md"
_NOTES_2511, _NOTES_2605, _NOTES_2611 = (_NOTES.format(r) for r in ("2511", "2605", "2611"))

FACTS: Mapping[str, ReleaseFacts] = {
    "25.11": ReleaseFacts(
        nixpkgs="nixos-25.11",
        home_manager="release-25.11",
        has_intel_macs=True,
        source=_NOTES_2511,
    ),
    "26.05": ReleaseFacts(
        nixpkgs="nixos-26.05",
        home_manager="release-26.05",
        has_intel_macs=True,
        from_before=(
            "A machine that runs 25.11 refuses to switch to this while it runs, since the default"
            " D-Bus changed: `nixos-rebuild boot`, then restart it."
        ),
        source=_NOTES_2605,
    ),
    "26.11": ReleaseFacts(
        nixpkgs="nixos-26.11",
        home_manager="release-26.11",
        has_intel_macs=False,
        source="doc/release-notes/rl-2611.section.md",
    ),
}

CHANGES: Sequence[OptionChange] = (
    OptionChange(option="boot.loader.systemd-boot.bootCounting", since="26.11", source=_NOTES_2611),
    OptionChange(
        option="hardware.nvidia.branch",
        since="26.05",
        source=_NOTES_2605,
        instead="hardware.nvidia.package",
    ),
    OptionChange(
        option="hardware.nvidia.moduleParams",
        since="26.05",
        source=_NOTES_2605,
        instead="boot.kernelParams",
    ),
    OptionChange(option="networking.firewall.backend", since="25.11", source=_NOTES_2511),
    OptionChange(
        option="services.logind.extraConfig",
        until="25.11",
        instead="services.logind.settings.Login",
        source=_NOTES_2511,
    ),
    OptionChange(option="services.nginx.lua", since="26.11", source=_NOTES_2611),
    OptionChange(
        option="services.nginx.recommendedZstdSettings",
        until="26.05",
        instead="services.nginx.recommendedBrotliSettings",
        form="services.nginx.recommendedGzipSettings",
        source="nixos/modules/services/web-servers/nginx/default.nix",
    ),
    OptionChange(
        option="services.ollama.acceleration",
        until="26.05",
        instead="services.ollama.package, or capsule.ollama.acceleration",
        form="services.ollama.package",
        source="nixos/modules/services/misc/ollama.nix",
    ),
    OptionChange(
        option="services.openssh.banner",
        until="26.05",
        instead="services.openssh.settings.Banner",
        source=_NOTES_2605,
    ),
    OptionChange(
        option="services.openssh.enableRecommendedAlgorithms", since="26.05", source=_NOTES_2605
    ),
    OptionChange(option="services.openssh.generateHostKeys", since="26.05", source=_NOTES_2605),
    OptionChange(option="services.tailscale.serve", since="26.05", source=_NOTES_2605),
    OptionChange(option="system.rebuild.enableNg", until="26.05", source=_NOTES_2605),
    OptionChange(option="system.switch.enableNg", until="25.11", source=_NOTES_2511),
    OptionChange(option="system.switch.inhibitors", since="26.05", source=_NOTES_2605),
    OptionChange(
        option="systemd.coredump.extraConfig",
        until="26.05",
        instead="systemd.coredump.settings.Coredump",
        form='environment.etc."systemd/coredump.conf.d/capsule.conf"',
        source=_NOTES_2605,
    ),
    OptionChange(
        option="systemd.coredump.settings",
        since="26.05",
        instead="systemd.coredump.extraConfig",
        form='environment.etc."systemd/coredump.conf.d/capsule.conf"',
        source=_NOTES_2605,
    ),
    OptionChange(
        option="systemd.extraConfig",
        until="25.11",
        instead="systemd.settings.Manager",
        source=_NOTES_2511,
    ),
    OptionChange(
        option="systemd.sleep.extraConfig",
        until="26.05",
        instead="systemd.sleep.settings.Sleep",
        source=_NOTES_2605,
    ),
    OptionChange(
        option="systemd.sleep.settings",
        since="26.05",
        instead="systemd.sleep.extraConfig",
        source=_NOTES_2605,
    ),
    OptionChange(
        option="systemd.user.extraConfig",
        until="26.11",
        instead="systemd.user.settings.Manager",
        source=_NOTES_2611,
    ),
    OptionChange(
        option="systemd.user.settings",
        since="26.11",
        instead="systemd.user.extraConfig",
        source=_NOTES_2611,
    ),
)
"""Options that one of the releases lacks, by name. Capsule's own modules set none of them."""


def absent(option: str, release: str) -> OptionChange | None:
    """Why a release lacks an option, or the one that it is inside of; None when it does not."""
    for change in CHANGES:
        inside = option == change.option or option.startswith(f"{change.option}.")
        if inside and not change.is_in(release):
            return change
    return None

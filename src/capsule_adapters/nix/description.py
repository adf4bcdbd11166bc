"""What describe.nix says of a system, read into an `EvaluatedSystem`."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from capsule_domain.models.evaluated_system import Account, EvaluatedSystem, SshServer

Said = Mapping[str, Any]

_SAME = (
    *("host", "hostname", "system", "release", "state_version", "state_version_set"),
    *("firewall_enabled", "open_everywhere", "open_on", "trusted_interfaces", "mutable_users"),
    *("root_device", "boot_loader", "fail2ban", "fail2ban_ignored"),
    *("inhibitors", "kernel_version", "guarded"),
)
_EVERYTHING = "ALL"
_FREELY = re.compile(r"(?P<who>\S+)\s+ALL\s*=\s*(\([^)]*\)\s*)?(SETENV:\s*)?NOPASSWD:\s*ALL\s*")
_DEFAULT_ROUTES = frozenset([None, "", "0.0.0.0/0", "::/0"])
_DHCP = frozenset(["yes", "true", "1", "both", "ipv4", "ipv6"])


def read_description(said: Said) -> EvaluatedSystem:
    """Raises ValueError, KeyError, TypeError for what describe.nix does not say."""
    network, sudo = said["network"], said["sudo"]
    accounts = {name: _account(one) for name, one in said["accounts"].items()}
    return EvaluatedSystem.model_validate(
        {
            **{name: said[name] for name in _SAME},
            "ssh": _ssh(said["ssh"]),
            "accounts": accounts,
            "sudo_enabled": sudo["enabled"],
            "wheel_needs_password": sudo["wheel_needs_password"],
            "passwordless_sudo": tuple(_passwordless(sudo, accounts)),
            "grub_devices": _once(said["grub_devices"]),
            "uses_dhcp": _uses_dhcp(network),
            "static_addresses": _static_addresses(network),
            "gateways": _gateways(network),
            "predictable_names": network["predictable_names"],
        }
    )


def _ssh(said: Said) -> SshServer:
    """What `extraConfig` lets in or not is added: sshd takes these lines together."""
    own = {name: value for name, value in said.items() if name != "extra"}
    more = {name: tuple(_words_of(said["extra"], word)) for name, word in _LISTS.items()}
    for name, added in more.items():
        set_ = None if own[name] is None else _words(own[name])
        own[name] = (*(set_ or ()), *added) if added else set_
    return SshServer.model_validate(own)


_LISTS = {"allow_users": "allowusers", "deny_users": "denyusers", "allow_groups": "allowgroups"}


def _words_of(extra: str, keyword: str) -> Iterator[str]:
    """The words behind a keyword of sshd_config, as far as they hold for everyone."""
    for line in extra.splitlines():
        name, *words = line.replace("=", " ", 1).split() or [""]
        if name.lower() == "match":
            return
        if name.lower() == keyword:
            yield from words


def _account(said: Said) -> Account:
    return Account.model_validate({**said, "groups": _once(said["groups"])})


def _passwordless(sudo: Said, accounts: Mapping[str, Account]) -> Iterator[str]:
    """Who may do everything without a password: of rules for one name the last one holds."""
    may: dict[str, bool] = {}
    for rule in sudo["rules"]:
        for command in rule["commands"]:
            if command["command"] == _EVERYTHING:
                may.update(dict.fromkeys(rule["who"], "NOPASSWD" in command["options"]))
    for line in sudo["extra"].splitlines():
        found = _FREELY.fullmatch(line.strip())
        if found:
            may[found["who"]] = True
    for name, is_free in may.items():
        if is_free and (not sudo["wheel_only"] or _is_of_wheel(name, accounts)):
            yield name


def _is_of_wheel(name: str, accounts: Mapping[str, Account]) -> bool:
    return name in ("root", "%wheel") or (name in accounts and "wheel" in accounts[name].groups)


def _uses_dhcp(network: Said) -> bool:
    """Whether any interface asks for its address; NetworkManager does unless it is told else."""
    asked = [value for one in network["networks"] for value in one["dhcp"]]
    return (
        network["use_dhcp"]
        or network["network_manager"]
        or any(one["dhcp"] for one in network["interfaces"].values())
        or any(str(value).lower() in _DHCP for value in asked)
    )


def _static_addresses(network: Said) -> dict[str, tuple[str, ...]]:
    """By interface; by its MAC address where networkd finds it by that."""
    found: dict[str, list[str]] = {}
    for name, one in network["interfaces"].items():
        found.setdefault(name, []).extend(one["addresses"])
    for one in network["networks"]:
        names = _words(one["match"]["name"] or one["match"]["mac"] or one["name"])
        for name in names:
            found.setdefault(name, []).extend(one["addresses"])
    return {name: _once(addresses) for name, addresses in found.items() if addresses}


def _gateways(network: Said) -> tuple[str, ...]:
    """Of the default routes alone."""
    found = list(network["gateways"])
    for one in network["networks"]:
        found += one["gateways"]
        routes = [route for route in one["routes"] if route["to"] in _DEFAULT_ROUTES]
        found += [route["gateway"] for route in routes if route["gateway"]]
    return _once(found)


def _words(value: str | Sequence[str]) -> tuple[str, ...]:
    """A list, or words in one text: options of both forms are about."""
    return tuple(value.split()) if isinstance(value, str) else tuple(value)


def _once(values: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(values))

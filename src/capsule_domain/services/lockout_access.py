"""Rules of the lint: whether we still get in by SSH."""

import base64
from binascii import Error as NoBase64
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from ipaddress import ip_network

from capsule_domain.models.evaluated_system import Account, EvaluatedSystem
from capsule_domain.models.facts import Sudo
from capsule_domain.models.live_system import LiveSystem
from capsule_domain.services.lockout_case import Case, Worry, doubt
from capsule_domain.services.ways_in import addresses_then, lets_in, parsed, ways_in

_SHUT_TO_ROOT = frozenset(["no", "forced-commands-only"])


def ssh_off(case: Case) -> Iterator[Worry]:
    """sshd does not run any more."""
    if case.live.session is not None and not case.new.ssh.enabled:
        yield Worry(
            "the configuration turns SSH off, and that is how we came in",
            "services.openssh.enable = true;",
        )


def ssh_port_closed(case: Case) -> Iterator[Worry]:
    """No port of sshd is open where we come from."""
    session, new = case.live.session, case.new
    if session is None or not new.ssh.enabled:
        return
    addresses = addresses_then(session, new)
    ways = ways_in(case.live, new)
    if not ways and addresses:
        yield _closed(case, addresses)
    for _, port in ways:
        if lets_in(new, port, session.interface) is None:
            yield doubt(
                f"port {port} is open on some interfaces alone, and which leads to us is unknown",
                f"networking.firewall.allowedTCPPorts = [ {port} ];",
            )
            return


def _closed(case: Case, addresses: Sequence[str]) -> Worry:
    session, new = case.live.session, case.new
    on = f" on {session.interface}" if session and session.interface else ""
    shut = [port for port in new.ssh.ports if not lets_in(new, port, None)]
    if new.ssh.listen_addresses and not shut:
        told = ", ".join(one.address for one in new.ssh.listen_addresses)
        return Worry(
            f"sshd would listen at {told} alone, and we come to {addresses[0]}",
            "take services.openssh.listenAddresses out, or name that address too",
        )
    ports = ", ".join(map(str, new.ssh.ports)) or "none"
    return Worry(
        f"the firewall lets nobody in{on} at sshd's port ({ports})",
        "services.openssh.openFirewall = true;",
    )


def login_lost(case: Case) -> Iterator[Worry]:
    """Our user, its key, or its right to be root."""
    live, new = case.live, case.new
    if live.session is None:
        return
    account = new.accounts.get(live.user)
    if account is None:
        yield _without_account(live, new)
        return
    yield from _key(case, account)
    yield from _admitted(live, new, account)
    if live.sudo is not Sudo.ROOT and not _is_root_freely(live.user, account, new):
        yield Worry(
            f"{live.user} would need a password to become root",
            "security.sudo.wheelNeedsPassword = false;, with the user in the group wheel",
        )


def _without_account(live: LiveSystem, new: EvaluatedSystem) -> Worry:
    """Who was made by hand stays, unless the configuration is to be all there is."""
    remedy = f"users.users.{live.user}.isNormalUser = true;"
    if live.user_declared is False and new.mutable_users:
        return doubt(
            f"the configuration knows nothing of {live.user}, as whom we came in: who was made by"
            " hand stays, and whether as now is unknown",
            remedy,
        )
    return Worry(f"the configuration has no user {live.user}, as whom we came in", remedy)


def _key(case: Case, account: Account) -> Iterator[Worry]:
    """Evaluation does not tell what is in files, be they the configuration's or the user's."""
    ssh, user = case.new.ssh, case.live.user
    known = {told for line in account.keys if (told := _fingerprint(line)) is not None}
    if case.fingerprints & known or (not case.fingerprints and known):
        return
    remedy = f"users.users.{user}.openssh.authorizedKeys.keys = [ … ];"
    whose = "our key" if case.fingerprints else "any key"
    if account.has_key_files or ssh.authorized_keys_in_homedir:
        places = "files" if account.has_key_files else "~/.ssh/authorized_keys"
        yield doubt(
            f"the configuration does not name {whose} for {user}; whether its {places}"
            f" {'do' if account.has_key_files else 'does'} is unknown",
            remedy,
        )
        return
    yield Worry(f"the configuration does not let {whose} in as {user}", remedy)


def _admitted(live: LiveSystem, new: EvaluatedSystem, account: Account) -> Iterator[Worry]:
    ssh, user = new.ssh, live.user
    client = live.session.client_address if live.session else ""
    if ssh.allow_users is not None and not _matches(ssh.allow_users, user, client):
        yield Worry(
            f"sshd would let only {', '.join(ssh.allow_users) or 'nobody'} in, and not {user}",
            f'services.openssh.settings.AllowUsers = [ "{user}" … ];',
        )
    if _matches(ssh.deny_users, user, client):
        yield Worry(
            f"sshd would keep {user} out", f"take {user} out of services.openssh.settings.DenyUsers"
        )
    groups = ssh.allow_groups
    if groups is not None and not any(_matches(groups, group, client) for group in account.groups):
        yield Worry(
            f"sshd would let only members of {', '.join(groups) or 'no group'} in, and {user} is"
            " none",
            f"users.users.{user}.extraGroups = [ … ];",
        )


def _is_root_freely(user: str, account: Account, new: EvaluatedSystem) -> bool:
    if not new.sudo_enabled:
        return False
    if "wheel" in account.groups and not new.wheel_needs_password:
        return True
    names = {user, *(f"%{group}" for group in account.groups)}
    return bool(names & set(new.passwordless_sudo))


def root_login_off(case: Case) -> Iterator[Worry]:
    """We come as root, and root comes in no more."""
    live, ssh = case.live, case.new.ssh
    if live.session is None or live.user != "root" or not ssh.enabled:
        return
    if ssh.permit_root_login in _SHUT_TO_ROOT:
        yield Worry(
            f'sshd would not let root in (PermitRootLogin "{ssh.permit_root_login}"), and that is'
            " as whom we came",
            'services.openssh.settings.PermitRootLogin = "prohibit-password";',
        )


def may_be_banned(case: Case) -> Iterator[Worry]:
    """fail2ban, which counts failures of ours too."""
    live, new = case.live, case.new
    if live.session is None or not new.fail2ban:
        return
    client = parsed(live.session.client_address)
    ignored = [word for entry in new.fail2ban_ignored for word in entry.replace(",", " ").split()]
    if client is None or client.is_loopback or any(_holds(word, str(client)) for word in ignored):
        return
    yield doubt(
        f"fail2ban may ban {client}, from where we came",
        f'services.fail2ban.ignoreIP = [ "{client}" ];',
    )


def _matches(patterns: Sequence[str], name: str, client: str) -> bool:
    """sshd's patterns: `name`, `name@host`, and `!` before what is not meant."""
    found = False
    for pattern in patterns:
        bare, _, host = pattern.removeprefix("!").partition("@")
        if fnmatchcase(name, bare) and (not host or _holds(host, client)):
            if pattern.startswith("!"):
                return False
            found = True
    return found


def _holds(pattern: str, client: str) -> bool:
    """Whether an address is in a network, or is written as a pattern says."""
    address = parsed(client)
    try:
        return address is not None and address in ip_network(pattern, strict=False)
    except ValueError:
        return fnmatchcase(client, pattern)


def _fingerprint(line: str) -> str | None:
    """Of a line of authorized_keys, options and all; None of what is no key."""
    for word in line.split():
        if word.startswith("AAAA"):
            try:
                material = base64.b64decode(word, validate=True)
            except NoBase64:
                return None
            return f"SHA256:{base64.b64encode(sha256(material).digest()).decode().rstrip('=')}"
    return None

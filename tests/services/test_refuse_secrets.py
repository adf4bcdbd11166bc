"""No secret is written, and nothing else is taken for one."""

import string
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from capsule_adapters.nix.literal import nix_literal
from capsule_adapters.nix.renderer import JinjaNixRenderer
from capsule_adapters.presets.builtin import BuiltinPresets
from capsule_domain.errors import Conflict
from capsule_domain.models.nixos import NixosRequest, PreviewFormat, RenderedFile
from capsule_domain.models.profile import Profile
from capsule_domain.models.release import RELEASES
from capsule_domain.models.secret import SecretsTool
from capsule_domain.services.compose import Compose
from capsule_domain.services.environment import ManageProfile
from capsule_domain.services.generate import Generate
from capsule_domain.services.machine_of_xnode import MachinesOfXNodes
from capsule_domain.services.nixos_wish import Wish
from capsule_domain.services.refuse_secrets import leaks, refuse_secrets
from tests.fakes.choices import FakeChoices
from tests.fakes.configurations import FakeConfigurations
from tests.fakes.presets import FakePresets, stack

BASE64 = string.ascii_letters + string.digits + "+/"
HEX = "0123456789abcdef"
PRESETS = BuiltinPresets()
NOT_SHORT = st.text(string.ascii_letters + string.digits, min_size=40, max_size=40)


def rules(text: str, path: str = "configuration.nix") -> list[str]:
    return [leak.rule for leak in leaks([RenderedFile(path=path, text=text)])]


SECRETS = {
    "a private key": "-----BEGIN OPENSSH " + "PRIVATE KEY-----",
    "a key of age": "AGE-SECRET-" + "KEY-1" + "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L" * 2,
    "a key of AWS": "AKIA" + "IOSFODNN7EXAMPLE",
    "a token of GitHub": "ghp_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8",
    "a token of DigitalOcean": "dop_v1_" + "0f" * 32,
    "a key of Tailscale": "tskey-auth-" + "kAbCdEf1CNTRL-abcdef",
    "a signed token": "eyJhbGciOiJIUzI1NiJ9" + ".eyJzdWIiOiIxMjM0In0" + ".abc",
    "a signing key of Nix": "cache.example.org-1:" + "A1b2" * 21 + "Cd==",
    "the hash of a password": "$6$" + "rounds=5000$saltsaltsalt$abcdefghijklmnop",
}


@pytest.mark.parametrize("rule", SECRETS)
def test_what_is_a_secret_by_its_form_is_found_wherever_it_stands(rule: str) -> None:
    text = f'{{\n  a = 1;\n  services.x.note = "see {SECRETS[rule]} there";\n}}\n'
    found = leaks([RenderedFile(path="modules/mine.nix", text=text)])
    assert [(leak.file, leak.line, leak.rule) for leak in found] == [("modules/mine.nix", 3, rule)]


@pytest.mark.parametrize(
    "line",
    [
        'services.x.password = "hunter2";',
        'users.users.alice.initialPassword = "changeme";',
        'services.x.password = lib.mkForce "hunter2";',
        'services.x.settings = { "db_password" = "hunter2"; };',
        "passphrase = ''\n  several words\n'';",
        'apiToken = "f3Kd9Qz7Lm2Xw8Rb";',
        'secretKey = "9a8f7e6d5c4b3a291807f6e5d4c3b2a1";',
        '"password": "hunter2"',
    ],
)
def test_what_stands_where_a_secret_goes_is_found(line: str) -> None:
    assert len(rules(line)) == 1


@pytest.mark.parametrize(
    "line",
    [
        'passwordFile = "/run/secrets/redis";',
        'security.secret_key = "$__file{/var/lib/capsule-grafana/secret_key}";',
        'password = "/run/secrets/db";',
        'password = "${cfg.password}";',
        'hashedPassword = "!";',
        'initialHashedPassword = "";',
        "password = cfg.password;",
        "passwordAuthentication = false;",
        'PermitRootLogin = "prohibit-password";',
        'auth = "password";',
        'token = "Bearer";',
        'secretName = "grafana-secret-key";',
        f'trusted-public-keys = [ "cache.example.org-1:{"A" * 43}=" ];',
        'age = "age1' + "q" * 58 + '";',
    ],
)
def test_what_only_speaks_of_secrets_is_let_through(line: str) -> None:
    assert rules(line) == []


def test_nothing_is_written_and_the_place_is_said_without_the_secret() -> None:
    file = RenderedFile(path="configuration.nix", text='{\n  x.password = "hunter2";\n}\n')
    with pytest.raises(Conflict, match=r"configuration\.nix:2: a value for password") as caught:
        refuse_secrets([file])
    assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"


@given(secret=st.sampled_from(sorted(SECRETS)), before=st.text(max_size=40))
def test_a_secret_is_found_whatever_stands_before_it(secret: str, before: str) -> None:
    line = f"{nix_literal(before.replace(chr(0), ''))}\n  {nix_literal(SECRETS[secret])}"
    assert secret in rules(line)


@given(token=NOT_SHORT, name=st.sampled_from(["token", "apiKey", "my_secret", "privateKey"]))
def test_a_token_is_found_by_its_disorder(token: str, name: str) -> None:
    is_disordered = len(set(token)) > 12
    assert not is_disordered or len(rules(f"{name} = {nix_literal(token)};")) == 1


PUBLIC_KEYS = st.one_of(
    st.text(BASE64, min_size=43, max_size=43).map("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI{}".format),
    st.text(BASE64, min_size=360, max_size=560).map("ssh-rsa AAAAB3NzaC1yc2E{}==".format),
    st.text(BASE64, min_size=90, max_size=140).map(
        "ecdsa-sha2-nistp256 AAAAE2VjZHNhLXNoYTItbmlzdHAyNTY{}= alice@host".format
    ),
)


@settings(max_examples=20)
@given(
    keys=st.lists(PUBLIC_KEYS, max_size=4),
    profile=st.sampled_from(sorted(PRESETS.profiles())),
    release=st.sampled_from(RELEASES),
    secrets=st.sampled_from([None, *SecretsTool]),
)
def test_no_profile_release_or_public_key_is_taken_for_a_secret(
    keys: list[str], profile: str, release: str, secrets: SecretsTool | None
) -> None:
    environment = Compose(PRESETS).resolve(PRESETS.profiles()[profile])
    request = NixosRequest(
        environment=environment, authorized_keys=tuple(keys), release=release, secrets=secrets
    )
    assert leaks(JinjaNixRenderer().configuration(request)) == []


def test_no_stack_sprout_or_preview_is_taken_for_a_secret() -> None:
    stacks = tuple(Compose(PRESETS).stacks())
    environment = Compose(PRESETS).resolve(Profile(name="everything", stacks=stacks))
    request = NixosRequest(environment=environment, secrets=SecretsTool.SOPS)
    files = list(JinjaNixRenderer().configuration(request))
    previews = [JinjaNixRenderer().preview(environment, form) for form in PreviewFormat]
    files += [RenderedFile(path="preview.nix", text=text) for text in previews]
    assert leaks(files) == []


def test_generating_writes_nothing_while_a_secret_is_among_it() -> None:
    leaking = stack("web", module='{ services.x.password = "hunter2"; }\n')
    presets = FakePresets([leaking], [Profile(name="prod", stacks=("web",))])
    choices, configurations = FakeChoices(), FakeConfigurations()
    generate = Generate(
        profiles=ManageProfile(choices, presets),
        renderer=JinjaNixRenderer(),
        configurations=configurations,
        choices=choices,
        machines=_no_machines,
    )
    with pytest.raises(Conflict, match=r"modules/web\.nix:1"):
        generate.run(Wish(profile="prod"))
    assert configurations.texts == {}


def test_a_profile_that_needs_no_secret_says_so() -> None:
    presets = FakePresets([stack("web", module="{ }\n")], [Profile(name="prod", stacks=("web",))])
    choices = FakeChoices()
    generate = Generate(
        profiles=ManageProfile(choices, presets),
        renderer=JinjaNixRenderer(),
        configurations=FakeConfigurations(),
        choices=choices,
        machines=_no_machines,
    )
    done = generate.run(Wish(profile="prod", secrets="agenix"))
    assert done.remarks == ("--secrets agenix: no stack of this profile needs a secret",)


def _no_machines() -> MachinesOfXNodes:
    raise AssertionError("nobody asked for an xNode")


@pytest.mark.parametrize("text", ["a" * 1_000_000, 'password = "' * 60_000, "-" * 1_000_000])
def test_a_huge_file_is_read_in_a_blink(text: str) -> None:
    started = time.perf_counter()
    rules(text)
    assert time.perf_counter() - started < 3

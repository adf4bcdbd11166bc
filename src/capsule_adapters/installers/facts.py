"""From what facts.sh says to what is known."""

from contextlib import suppress

from pydantic import ValidationError

from capsule_adapters.installers.script import Answer
from capsule_domain.errors import CommandFailed
from capsule_domain.models.facts import Earth, MachineFacts, OwnCapsule, Selinux, Sudo
from capsule_domain.models.planting import PlantRecord


def machine_facts(answer: Answer, place: str) -> MachineFacts:
    """Raises CommandFailed when the script did not come to its end or said nonsense."""
    if answer.one("end") is None:
        raise CommandFailed(
            f"{place} does not tell what it is: {answer.last_words}",
            hint="does a POSIX shell run there?",
        )
    try:
        return MachineFacts.model_validate(
            {
                **_texts(answer),
                **{name: answer.one(name) == "yes" for name in _FLAGS},
                "sudo": Sudo(answer.one("sudo") or "none"),
                "selinux": Selinux(answer.one("selinux") or "absent"),
                "programs": tuple(answer.every("program")),
                "memory_mib": _number(answer.one("memory_mib")),
                "free_store_mib": _number(answer.one("free_store_mib")),
                "free_home_mib": _number(answer.one("free_home_mib")),
                "online": {"yes": True, "no": False}.get(answer.one("online") or ""),
                "earth": _earth(answer),
            }
        )
    except ValueError as error:  # pydantic's ValidationError is one
        raise CommandFailed(f"{place} says of itself what cannot be") from error


_FLAGS = ("systemd", "container", "wsl", "nix_folder", "nix_folder_writable")
_TEXTS = ("kernel", "architecture", "user", "home", "capsule_home", "login_shell", "start_up_file")
_MAYBE = ("python", "python_version", "nix", "nix_version")


def _texts(answer: Answer) -> dict[str, str | None]:
    return {
        **{name: answer.one(name) or "" for name in (*_TEXTS, "distribution")},
        **{name: answer.one(name) for name in _MAYBE},
    }


def _earth(answer: Answer) -> Earth:
    hashes = (line.partition(" ") for line in answer.every("file"))
    return Earth(
        files={path: sha256 for sha256, _, path in hashes},
        record=_record(answer.one("record")),
        store_path=answer.one("store_path"),
        on_path=answer.one("on_path") == "yes",
        capsule=OwnCapsule(answer.one("capsule") or "absent"),
        capsule_stamp=answer.one("capsule_stamp"),
    )


def _record(text: str | None) -> PlantRecord | None:
    """A record that does not hold is none: planting writes it anew."""
    with suppress(ValidationError):
        return PlantRecord.model_validate_json(text or "")
    return None


def _number(text: str | None) -> int | None:
    return int(text) if text and text.isascii() and text.isdecimal() else None

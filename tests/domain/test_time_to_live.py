"""A time to live: from words to a moment, to a tag that every cloud takes, and back."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from capsule_adapters.providers import PROVIDERS
from capsule_domain.errors import UsageError
from capsule_domain.models.time_to_live import LONGEST, expiry, expiry_in, expiry_tag

NOW = datetime(2026, 11, 23, 12, 0, 0, 500, tzinfo=UTC)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("30m", "2026-11-23T12:30:00Z"),
        ("8h", "2026-11-23T20:00:00Z"),
        (" 2 D ", "2026-11-25T12:00:00Z"),
        ("1w", "2026-11-30T12:00:00Z"),
        ("366d", "2027-11-24T12:00:00Z"),
        ("2026-12-24T18:00", "2026-12-24T18:00:00Z"),
        ("2026-12-24T18:00+02:00", "2026-12-24T16:00:00Z"),
        ("2026-12-24", "2026-12-24T00:00:00Z"),
    ],
)
def test_a_time_to_live_is_a_span_or_a_moment(text: str, moment: str) -> None:
    assert expiry(text, NOW) == datetime.fromisoformat(moment)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("-8h", "is past already"),
        ("0h", "is past already"),
        ("2020-01-01", "is past already"),
        ("367d", "is more than 366 days"),
        ("999999999w", "is too long"),
        ("8", "is no time to live"),
        ("", "is no time to live"),
        ("8y", "is no time to live"),
        ("soon", "is no time to live"),
        ("1٠h", "is no time to live"),
    ],
)
def test_what_is_past_too_long_or_no_time_is_refused(text: str, why: str) -> None:
    with pytest.raises(UsageError, match=why) as caught:
        expiry(text, NOW)
    assert "--" not in (caught.value.hint or ""), "whoever asks has options of their own"


@given(st.integers(1, int(LONGEST.total_seconds())))
def test_the_tag_says_the_moment_and_every_cloud_takes_it(seconds: int) -> None:
    moment = NOW.replace(microsecond=0) + timedelta(seconds=seconds)
    tag = expiry_tag(moment)
    assert expiry_in(["web", tag, "capsule-01hzx3"]) == moment
    for cloud in PROVIDERS.values():
        assert re.fullmatch(cloud.capabilities.tag_pattern, tag), cloud.name


@pytest.mark.parametrize("tag", ["capsule-expires:", "capsule-expires:soon", "capsule-expires"])
def test_what_is_no_moment_is_no_end(tag: str) -> None:
    assert expiry_in([tag]) is None


def test_of_several_ends_the_last_counts() -> None:
    tags = [expiry_tag(NOW + timedelta(hours=hours)) for hours in (1, 3, 2)]
    assert expiry_in(tags) == NOW.replace(microsecond=0) + timedelta(hours=3)

"""Advice: the cheapest equivalent now, what hardly works, what is off and billed."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from capsule_domain.models.advice import Advice, Cheaper, Idle, SwitchedOff
from capsule_domain.models.history import HourOf
from capsule_domain.models.money import Rates
from capsule_domain.models.requirements import Requirements
from capsule_domain.models.server import ServerStatus
from capsule_domain.models.template import Gpu, Offer
from capsule_domain.models.xnode import XNode
from capsule_domain.ports.clock import Clock
from capsule_domain.ports.inventory import Inventory
from capsule_domain.ports.monitor import Monitor
from capsule_domain.services.cost import TermsOf
from capsule_domain.services.place import rank

IDLE_CPU_PERCENT = 3.0
IDLE_DAYS = 7

_DAY = timedelta(days=1)
_MIB_PER_GIB = 1024


@dataclass(frozen=True)
class Advise:
    """Looks at every xNode that lives. `unfit`: clouds that rent no more, each with why."""

    inventory: Inventory
    monitor: Monitor
    clock: Clock
    rates: Rates
    terms: TermsOf
    unfit: Mapping[str, str] = field(default_factory=dict)

    def run(self, offers: Sequence[Offer], *, within: Requirements | None = None) -> Advice:
        """`within` has the region that an equivalent has to be in; None: anywhere."""
        living = self.inventory.list()
        billed = [xnode for xnode in living if self._is_billed(xnode)]
        sizes = _sizes(offers)
        known = [xnode for xnode in billed if _size_key(xnode) in sizes]
        measured = self._measured(x for x in living if x.status is ServerStatus.RUNNING)
        return Advice(
            as_of=self.clock.now(),
            prices_as_of=min((offer.as_of for offer in offers), default=None) if known else None,
            cheaper=tuple(self._cheaper(known, sizes, offers, within or Requirements())),
            idle=tuple(_idle(measured)),
            switched_off=tuple(
                SwitchedOff(xnode=xnode.name, price_per_month=xnode.price_per_month)
                for xnode in billed
                if xnode.status is ServerStatus.STOPPED
            ),
            unmeasured=tuple(xnode.name for xnode, hours in measured if not hours),
            unsized=tuple(x.name for x in billed if _size_key(x) not in sizes),
        )

    def _is_billed(self, xnode: XNode) -> bool:
        running = xnode.status is not ServerStatus.STOPPED
        costs = xnode.price_per_month.amount > 0
        return costs and (running or self.terms(xnode.provider).bills_when_stopped)

    def _cheaper(
        self,
        xnodes: Iterable[XNode],
        sizes: Mapping[tuple[str, str], Offer],
        offers: Sequence[Offer],
        within: Requirements,
    ) -> Sequence[Cheaper]:
        best: dict[tuple[str, str], Offer | None] = {}
        found = []
        for xnode in xnodes:
            key = _size_key(xnode)
            if key not in best:
                best[key] = self._cheapest(sizes[key], offers, within)
            offer = best[key]
            better = offer and self._compared(xnode, offer)
            if better:
                found.append(better)
        return sorted(found, key=lambda each: (-self._saving(each), each.xnode))

    def _cheapest(self, size: Offer, offers: Sequence[Offer], within: Requirements) -> Offer | None:
        """The cheapest month among all that has at least what `size` has."""
        wanted = within.model_copy(
            update={
                "min_vcpus": size.vcpus,
                "min_memory_gib": Decimal(size.memory_mib) / _MIB_PER_GIB,
                "min_disk_gib": size.disk_gib or None,
                "arch": size.arch,
                "gpu_model": size.gpu and size.gpu.model,
                "gpu_count": size.gpu and size.gpu.count,
            }
        )
        fitting = rank(offers, wanted, self.rates, unfit=self.unfit).fitting
        return min(
            (offer for offer in fitting if _gpu_fits(size.gpu, offer.gpu)),
            key=lambda offer: self.rates.in_usd(offer.price_per_month),
            default=None,
        )

    def _compared(self, xnode: XNode, offer: Offer) -> Cheaper | None:
        """None when it is not cheaper."""
        now, then = xnode.price_per_month, offer.price_per_month
        usd_now, usd_then = self.rates.in_usd(now), self.rates.in_usd(then)
        if usd_then >= usd_now:
            return None
        return Cheaper(
            xnode=xnode.name,
            provider=xnode.provider,
            template=xnode.template,
            region=xnode.region,
            price_per_month=now,
            offer=offer,
            saves_per_month=now - then if now.currency == then.currency else None,
            percent=((usd_now - usd_then) * 100 / usd_now).quantize(Decimal("0.1")),
        )

    def _saving(self, each: Cheaper) -> Decimal:
        then = self.rates.in_usd(each.offer.price_per_month)
        return self.rates.in_usd(each.price_per_month) - then

    def _measured(self, xnodes: Iterable[XNode]) -> Sequence[tuple[XNode, Sequence[HourOf]]]:
        """Each with its CPU's hours; none unless there is one of every day that counts."""
        since = self.clock.now() - IDLE_DAYS * _DAY
        return [(xnode, self._hours(xnode, since)) for xnode in xnodes]

    def _hours(self, xnode: XNode, since: datetime) -> Sequence[HourOf]:
        """Samples themselves are kept for a day only."""
        hours = self.monitor.hours(xnode, since, ("cpu_percent",))
        days = {min(max((one.hour - since) // _DAY, 0), IDLE_DAYS - 1) for one in hours}
        return hours if len(days) == IDLE_DAYS else ()


def _idle(measured: Iterable[tuple[XNode, Sequence[HourOf]]]) -> Sequence[Idle]:
    return [
        Idle(
            xnode=xnode.name,
            busiest_cpu_percent=max(one.high for one in hours),
            samples=sum(one.count for one in hours),
            price_per_month=xnode.price_per_month,
        )
        for xnode, hours in measured
        if hours and max(one.high for one in hours) < IDLE_CPU_PERCENT
    ]


def _size_key(xnode: XNode) -> tuple[str, str]:
    return (xnode.provider, xnode.template)


def _sizes(offers: Iterable[Offer]) -> Mapping[tuple[str, str], Offer]:
    """What a template has, by our name of it and by the cloud's own."""
    return {(o.provider, word): o for o in offers for word in (o.slug, o.template)}


def _gpu_fits(has: Gpu | None, offered: Gpu | None) -> bool:
    """Whether the memory of the GPUs is at least that; model and count are compared before."""
    if has is None:
        return True
    return offered is not None and offered.memory_gib >= has.memory_gib

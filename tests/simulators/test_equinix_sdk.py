"""Equinix's own SDK drives the rehearsal cloud: it must satisfy a client that is not ours."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest

from capsule_adapters.sandbox.equinix import EquinixSimulator
from capsule_adapters.sandbox.equinix.state import HOME_PROJECT
from capsule_adapters.sandbox.machines import NoMachines
from tests.fakes.clock import FakeClock
from tests.simulators.equinix import DEVICES, KEY, judge

WHOLE = ["plan", "metro", "ip_addresses", "operating_system"]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def simulator(clock: FakeClock) -> Iterator[EquinixSimulator]:
    with EquinixSimulator(NoMachines(), clock=clock) as running:
        yield running
    for exchange in running.exchanges:
        judge().judge(exchange)


@pytest.fixture
def sdk() -> Any:
    return import_module("equinix_metal")


@pytest.fixture
def client(sdk: Any, simulator: EquinixSimulator) -> Iterator[Any]:
    configuration = sdk.Configuration(host=simulator.endpoint)
    configuration.api_key["x_auth_token"] = simulator.token
    configuration.retries = False
    with sdk.ApiClient(configuration) as made:
        yield made
        made.rest_client.pool_manager.clear()


def _create(sdk: Any, client: Any, **fields: Any) -> Any:
    wanted = sdk.DeviceCreateInMetroInput(
        metro="da", plan="c3.small.x86", operating_system="ubuntu_24_04", **fields
    )
    request = sdk.CreateDeviceRequest(wanted)
    return sdk.DevicesApi(client).create_device(HOME_PROJECT, request, include=WHOLE)


def test_the_official_sdk_takes_a_device_through_its_whole_life(
    sdk: Any, client: Any, simulator: EquinixSimulator, clock: FakeClock
) -> None:
    user = sdk.UsersApi(client).find_current_user()
    assert (user.email, user.default_project_id) == ("rehearsal@example.com", HOME_PROJECT)
    assert sdk.ProjectsApi(client).find_project_by_id(HOME_PROJECT).name == "Rehearsal"
    keys, devices = sdk.SSHKeysApi(client), sdk.DevicesApi(client)
    key = keys.create_project_ssh_key(HOME_PROJECT, sdk.SSHKeyCreateInput(label="sdk", key=KEY))
    assert [k.id for k in keys.find_project_ssh_keys(HOME_PROJECT).ssh_keys] == [key.id]
    device = _create(
        sdk,
        client,
        hostname="sdk-1",
        billing_cycle="hourly",
        project_ssh_keys=[key.id],
        tags=["sdk"],
        userdata="#cloud-config\n",
    )
    assert (device.state, device.plan.slug, device.metro.code) == ("queued", "c3.small.x86", "da")
    assert device.ip_addresses == []

    def state_after(seconds: float) -> str:
        clock.advance(seconds)
        state: str = devices.find_device_by_id(device.id).state
        return state

    def act(type_: str) -> None:
        devices.perform_action(device.id, sdk.DeviceActionInput(type=type_))

    assert [state_after(0.6), state_after(5)] == ["provisioning", "active"]
    found = devices.find_device_by_id(device.id, include=WHOLE)
    private, sixth, public = found.ip_addresses
    assert (private.public, sixth.address_family) == (False, 6)
    assert public.address.startswith("127.77.")
    assert found.operating_system.distro == "ubuntu"
    act("power_off")
    assert [state_after(0), state_after(5)] == ["powering_off", "inactive"]
    act("power_on")
    assert [state_after(0), state_after(5)] == ["powering_on", "active"]
    act("reboot")
    assert [state_after(0), state_after(5)] == ["active", "active"]
    update = sdk.DeviceUpdateInput(tags=["sdk", "later"], hostname="renamed")
    assert devices.update_device(device.id, update).tags == ["sdk", "later"]
    [listed] = devices.find_project_devices(HOME_PROJECT, tag="later").devices
    assert (listed.id, listed.hostname) == (device.id, "renamed")
    assert devices.find_project_devices(HOME_PROJECT, tag="other").devices == []
    devices.delete_device(device.id, force_delete=True)
    assert devices.find_project_devices(HOME_PROJECT).devices == []
    keys.delete_ssh_key(key.id)
    assert (simulator.state.devices, simulator.state.keys) == ({}, {})


def test_the_official_sdk_sees_refusals_as_it_expects_them(
    sdk: Any, client: Any, simulator: EquinixSimulator
) -> None:
    devices = sdk.DevicesApi(client)
    missing = "00000000-0000-4000-8000-000000000000"
    with pytest.raises(sdk.exceptions.NotFoundException) as not_found:
        devices.find_device_by_id(missing)
    assert "Not found" in not_found.value.body
    with pytest.raises(sdk.exceptions.ApiException) as refused:
        _create(sdk, client)
    assert refused.value.status == 422
    assert "must have at least one SSH key" in refused.value.body
    assert _create(sdk, client, no_ssh_keys=True).state == "queued"
    simulator.token = "another"
    with pytest.raises(sdk.exceptions.UnauthorizedException) as unauthorized:
        sdk.UsersApi(client).find_current_user()
    assert "Invalid authentication token" in unauthorized.value.body


def test_the_official_sdk_finds_plans_metros_systems_and_capacity(sdk: Any, client: Any) -> None:
    plans = {plan.slug: plan for plan in sdk.PlansApi(client).find_plans().plans}
    assert plans["c3.small.x86"].pricing == {"hour": 0.5}
    [dear] = [p for p in plans["c3.medium.x86"].available_in_metros if p.price]
    metros = {metro.id: metro for metro in sdk.MetrosApi(client).find_metros().metros}
    assert metros[dear.href.rpartition("/")[2]].code == "sg"
    assert dear.price.hour == 1.32
    systems = sdk.OperatingSystemsApi(client).find_operating_systems().operating_systems
    assert {"ubuntu_24_04", "nixos_22_11"} <= {system.slug for system in systems}
    servers = [
        sdk.ServerInfo(metro=metro, plan="m3.large.x86", quantity="1") for metro in ("am", "ty")
    ]
    wanted = sdk.CapacityInput(servers=[sdk.ServerInfo(metro="da", plan="c3.small.x86"), *servers])
    told = sdk.CapacityApi(client).check_capacity_for_metro(wanted)
    assert [server.available for server in told.servers] == [True, False, False]


def test_the_official_sdk_turns_pages(sdk: Any, client: Any, simulator: EquinixSimulator) -> None:
    for number in range(12):
        _create(sdk, client, hostname=f"web-{number}", no_ssh_keys=True)
    devices = sdk.DevicesApi(client)
    first = devices.find_project_devices(HOME_PROJECT)
    # Ten unless more are asked for.
    assert (len(first.devices), first.meta.total, first.meta.last_page) == (10, 12, 2)
    every = devices.find_project_devices_all_pages(HOME_PROJECT, per_page=5)
    assert len({device.id for device in every.devices}) == 12
    assert simulator.count("GET", DEVICES) == 1 + 3

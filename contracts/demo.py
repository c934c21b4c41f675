"""The organisations and people of the demo, all fictional, with ids that every service can refer to.

Councils and ICBs are real areas; nobody named here works for one. The password and the secret of the second
factor are only ever set by the demo.
"""

from __future__ import annotations

import uuid
from dataclasses import dataclass

from contracts import organisations, permissions

PASSWORD = "quiet-harbour-lantern"
SECOND_FACTOR_SECRET = "QUIETHARBOURLANTERNQUIETHARBOUR2"
"""What an authenticator app would keep, in base 32."""
_NAMESPACE = uuid.UUID("b8f3a1de-7c64-4a0b-8f55-3e2a9d1c4b77")


@dataclass(frozen=True, kw_only=True)
class Organisation:
    """An organisation of the demo; ``authority_code`` marks one that exists without the demo too."""

    key: str
    name: str
    type: str
    council_code: str | None = None
    icb_code: str | None = None
    postcode: str = ""
    authority_code: str | None = None

    @property
    def id(self) -> str:
        if self.authority_code is not None:
            return organisations.authority_id(self.authority_code)
        return str(uuid.uuid5(_NAMESPACE, f"organisation:{self.key}"))


@dataclass(frozen=True, kw_only=True)
class Person:
    """A person of the demo; ``says`` is what the start-up table tells about them.

    ``generic`` is an account that several people share; who is ``idle`` has not signed in for 14 months; who
    is ``awaiting``, ``locked`` or has ``left`` cannot sign in.
    """

    email: str
    full_name: str
    job_title: str
    organisation: str
    says: str
    roles: tuple[str, ...] = ()
    wants_search: bool = False
    awaiting: bool = False
    second_factor: bool = False
    generic: bool = False
    idle: bool = False
    locked: bool = False
    left: bool = False

    @property
    def id(self) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"person:{self.email}"))

    @property
    def may_sign_in(self) -> bool:
        return not (self.awaiting or self.locked or self.left)


ORGANISATIONS: tuple[Organisation, ...] = (
    Organisation(key="tracker", name="Capacity Tracker team", type="other"),
    Organisation(
        key="cranberry", name="Cranberry Care", type="care_home", council_code="E06000047", postcode="DH1 3YG"
    ),
    Organisation(
        key="bramble", name="Bramble Homes", type="care_home", council_code="E08000021", postcode="NE1 7RU"
    ),
    Organisation(key="hawthorn", name="Hawthorn & Heron Homes", type="care_home", council_code="E06000047"),
    Organisation(key="lantern", name="Lantern Lane Care", type="care_home", council_code="E08000024"),
    Organisation(key="teasel", name="Teasel Care Group", type="care_home", council_code="E06000004"),
    Organisation(key="foxglove", name="Foxglove Fictional Homes", type="care_home", council_code="E08000035"),
    Organisation(key="marigold", name="Marigold Made-up Care", type="care_home", council_code="E08000003"),
    Organisation(key="pebble", name="Pebble Shore Care", type="care_home", council_code="E08000012"),
    Organisation(key="juniper", name="Juniper Imaginary Homes", type="care_home", council_code="E08000025"),
    Organisation(key="sorrel", name="Sorrel & Sparrow Care", type="care_home", council_code="E06000018"),
    Organisation(key="willowherb", name="Willowherb Homes", type="care_home", council_code="E06000023"),
    Organisation(key="campion", name="Campion Corner Care", type="care_home", council_code="E10000014"),
    Organisation(key="yarrow", name="Yarrow & Yonder Homes", type="care_home", council_code="E09000007"),
    Organisation(key="speedwell", name="Speedwell Story Care", type="care_home", council_code="E10000020"),
    Organisation(
        key="lighthouse", name="Lighthouse Make-believe Hospice", type="hospice", council_code="E06000047"
    ),
    Organisation(
        key="acute",
        name="Northern Lights Fictional Hospitals",
        type="nhs_acute",
        icb_code="QHM",
        postcode="DH1 5TW",
    ),
    Organisation(
        key="community", name="Wayside Fictional Community Trust", type="community", council_code="E06000047"
    ),
    Organisation(
        key="durham",
        name="County Durham council",
        type="local_authority",
        council_code="E06000047",
        authority_code="E06000047",
    ),
    Organisation(
        key="north",
        name="NHS North East and North Cumbria ICB",
        type="icb",
        icb_code="QHM",
        authority_code="QHM",
    ),
)

PEOPLE: tuple[Person, ...] = (
    Person(
        email="admin@tracker.example",
        full_name="Ada Example",
        job_title="Service administrator",
        organisation="tracker",
        says="Administrator, needs a code as well: make code",
        roles=(permissions.ADMINISTRATOR,),
        second_factor=True,
    ),
    Person(
        email="approver@cranberry.example",
        full_name="Anneka Approver",
        job_title="Group manager",
        organisation="cranberry",
        says="Approver of the care homes of Cranberry Care",
        roles=(permissions.APPROVER,),
    ),
    Person(
        email="staff@cranberry.example",
        full_name="Stanley Staff",
        job_title="Deputy manager",
        organisation="cranberry",
        says="Care-home user of Cranberry Care",
    ),
    Person(
        email="group@bramble.example",
        full_name="Greta Group",
        job_title="Operations manager",
        organisation="bramble",
        says="Care-home user of Bramble Homes, an organisation of 60 homes",
    ),
    Person(
        email="ward@acute.example",
        full_name="Winston Ward",
        job_title="Discharge coordinator",
        organisation="acute",
        says="NHS acute, finds places for people leaving hospital",
    ),
    Person(
        email="ward-desk@acute.example",
        full_name="Ward desk",
        job_title="Discharge desk",
        organisation="acute",
        says="Shared account of a ward, has a notice to agree to at each sign-in",
        generic=True,
    ),
    Person(
        email="rehab@community.example",
        full_name="Rosa Rehab",
        job_title="Community unit manager",
        organisation="community",
        says="Community unit, may search",
        wants_search=True,
    ),
    Person(
        email="council@durham.example",
        full_name="Colin Council",
        job_title="Social worker",
        organisation="durham",
        says="Council, no granted role",
    ),
    Person(
        email="broker@durham.example",
        full_name="Bettina Broker",
        job_title="Placement broker",
        organisation="durham",
        says="Broker of County Durham",
        roles=(permissions.BROKER,),
    ),
    Person(
        email="champion@durham.example",
        full_name="Chidi Champion",
        job_title="Commissioning officer",
        organisation="durham",
        says="System Champion of County Durham",
        roles=(permissions.SYSTEM_CHAMPION,),
    ),
    Person(
        email="analyst@north.example",
        full_name="Anwar Analyst",
        job_title="Data analyst",
        organisation="north",
        says="Extended Reporting",
        roles=(permissions.EXTENDED_REPORTING,),
    ),
    Person(
        email="alerts@durham.example",
        full_name="Alma Alerts",
        job_title="Quality officer",
        organisation="durham",
        says="Manage Alerts",
        roles=(permissions.MANAGE_ALERTS,),
    ),
    Person(
        email="idle@durham.example",
        full_name="Iris Idle",
        job_title="Social worker",
        organisation="durham",
        says="Council, not signed in for 14 months",
        idle=True,
    ),
    Person(
        email="locked@bramble.example",
        full_name="Lorna Locked",
        job_title="Home manager",
        organisation="bramble",
        says="locked after five wrong passwords",
        locked=True,
    ),
    Person(
        email="leaver@cranberry.example",
        full_name="Leo Leaver",
        job_title="Night manager",
        organisation="cranberry",
        says="deactivated",
        left=True,
    ),
    Person(
        email="nadia.newcomer@cranberry.example",
        full_name="Nadia Newcomer",
        job_title="Care assistant",
        organisation="cranberry",
        says="awaits approval",
        awaiting=True,
    ),
    Person(
        email="niall.newcomer@durham.example",
        full_name="Niall Newcomer",
        job_title="Student social worker",
        organisation="durham",
        says="awaits approval",
        awaiting=True,
    ),
)


def organisation(key: str) -> Organisation:
    """Return the demo's organisation with this key."""
    return next(found for found in ORGANISATIONS if found.key == key)


def care_homes() -> tuple[Organisation, ...]:
    """Return the organisations that the demo's care homes are spread over."""
    return tuple(found for found in ORGANISATIONS if found.type == "care_home")

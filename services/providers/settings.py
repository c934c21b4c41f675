"""Read the settings of what the providers service is told by others."""

from __future__ import annotations

from dataclasses import dataclass

from kit import settings


@dataclass(frozen=True)
class Settings:
    """Name where the public registers answer programs, for `tracker sync`."""

    cqc_api_key: str = settings.setting(
        "CQC_API_KEY", help="subscription key to CQC's API, for `tracker sync cqc`", default=""
    )
    cqc_api_url: str = settings.setting(
        "CQC_API_URL",
        help="where CQC's API answers",
        default="https://api.service.cqc.org.uk/public/v1",
    )
    ods_api_url: str = settings.setting(
        "ODS_API_URL",
        help="where the NHS Organisation Data Service's API answers",
        default="https://directory.spineservices.nhs.uk/ORD/2-0-0",
    )

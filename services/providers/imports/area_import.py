"""Writing the files of areas anew by a look-up, with the days from and to which each area is valid.

A code that is gone stays, with the day it ended, as old records name it; a new one begins on the day it is
imported. What a look-up does not tell stays as it was.
"""

from __future__ import annotations

import collections
import csv
import os
import pathlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, timedelta

from contracts import areas, errors
from services.providers.imports import area_files

Table = dict[str, dict[str, str]]
"""Rows of one file by their code."""
Tables = dict[str, Table]

FILES = {
    "regions": ("code", "name", "valid_from", "valid_to"),
    "nhs_regions": ("code", "name", "valid_from", "valid_to"),
    "icbs": ("code", "name", "nhs_region_code", "valid_from", "valid_to"),
    "sub_icbs": ("code", "name", "icb_code", "valid_from", "valid_to"),
    "councils": ("code", "name", "region_code", "sub_icb_code", "icb_code", "valid_from", "valid_to"),
    "districts": ("code", "name", "council_code", "valid_to"),
    "ons_codes": ("ons_code", "code"),
}
MOST_GONE = 0.5
"""Share of the areas of a kind above which a look-up without them is taken for a part of one."""


def run(path: pathlib.Path, *, folder: pathlib.Path | None, today: date, dry_run: bool) -> list[str]:
    """Return in words what a look-up changes of the areas; write them to ``folder`` unless it is a dry run.

    :raises errors.Invalid: when the look-up cannot be used; nothing is written.
    """
    lookup = area_files.read(path)
    source = folder if folder is not None and (folder / "councils.csv").exists() else areas.OURS
    before, after = _read(source), _read(source)
    _APPLY[lookup.kind](after, lookup.rows, today)
    _check(after, today)
    differences = list(_differences(before, after))
    if not dry_run and folder is not None:
        _write(after, folder)
    return differences


def _read(folder: pathlib.Path) -> Tables:
    tables = {}
    for name, columns in FILES.items():
        with (folder / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
            tables[name] = {row[columns[0]]: dict(row) for row in csv.DictReader(lines)}
    return tables


def _write(tables: Tables, folder: pathlib.Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, columns in FILES.items():
        beside = folder / f"{name}.csv.new"
        with beside.open("w", encoding="utf-8", newline="") as lines:
            writer = csv.DictWriter(lines, columns, lineterminator="\n")
            writer.writeheader()
            writer.writerows(tables[name].values())
    # Only when all are whole do they take the place of those before.
    for name in FILES:
        os.replace(folder / f"{name}.csv.new", folder / f"{name}.csv")


def _take_sub_icbs(tables: Tables, rows: list[dict[str, str]], today: date) -> None:
    _keep(tables, "nhs_regions", _named(rows, "nhs_region"), today, may_go=False)
    regions = _nhs_regions(tables, rows)
    _keep(tables, "icbs", _named(rows, "icb", nhs_region_code=lambda row: regions[row["icb"]]), today)
    _keep(tables, "sub_icbs", _named(rows, "sub_icb", icb_code=lambda row: row["icb"]), today)
    for row in rows:
        for kind in ("sub_icb", "icb"):
            gss = row.get(f"{kind}_gss")
            if gss:
                tables["ons_codes"][gss] = {"ons_code": gss, "code": row[kind]}
    for council in tables["councils"].values():
        sub_icb = tables["sub_icbs"].get(council["sub_icb_code"])
        if sub_icb is not None:
            council["icb_code"] = sub_icb["icb_code"]


def _nhs_regions(tables: Tables, rows: list[dict[str, str]]) -> dict[str, str]:
    """Return the NHS region of each ICB: as told, as it was, or of most of its sub-ICBs' former ICBs."""
    found: dict[str, str] = {}
    guesses: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for row in rows:
        code, known = row["icb"], tables["icbs"].get(row["icb"])
        if row.get("nhs_region"):
            found[code] = row["nhs_region"]
        elif known is not None:
            found[code] = known["nhs_region_code"]
        former = tables["icbs"].get(tables["sub_icbs"].get(row["sub_icb"], {}).get("icb_code", ""))
        if former is not None:
            guesses[code][former["nhs_region_code"]] += 1
    for code, counted in guesses.items():
        found.setdefault(code, counted.most_common(1)[0][0])
    unknown = sorted({row["icb"] for row in rows} - found.keys())
    if unknown:
        raise errors.Invalid(
            f"The look-up does not say in which NHS region {', '.join(unknown[:5])} is. "
            "Import one that has NHS regions first."
        )
    return found


def _take_lsoas(tables: Tables, rows: list[dict[str, str]], today: date) -> None:
    counted: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    unknown = set()
    for row in rows:
        council = _council_of(tables, row["lad"])
        if council is None:
            unknown.add(row["lad"])
        else:
            counted[council][row["sub_icb"]] += 1
    if unknown:
        raise errors.Invalid(
            f"{', '.join(sorted(unknown)[:5])} are districts that no council is known of. "
            "Import a look-up of districts to councils first."
        )
    pairs = {row["sub_icb"]: row for row in rows}
    _take_sub_icbs(tables, list(pairs.values()), today)
    _align(tables, counted)


def _take_shares(tables: Tables, rows: list[dict[str, str]], today: date) -> None:
    counted: dict[str, collections.Counter[str]] = collections.defaultdict(collections.Counter)
    for row in rows:
        council = _council_of(tables, row["council"])
        if council is None:
            raise errors.Invalid(f"{row['council']} is no council that is known; import the councils first.")
        counted[council][row["sub_icb"]] += round(1000 * float(row["share"]))
    _align(tables, counted)


def _align(tables: Tables, counted: Mapping[str, collections.Counter[str]]) -> None:
    """Let each council stand in the sub-ICB in which most of it lies."""
    for code, shares in counted.items():
        main = shares.most_common(1)[0][0]
        if main not in tables["sub_icbs"]:
            raise errors.Invalid(f"{main} is no sub-ICB that is known; import the sub-ICBs first.")
        icb_code = tables["sub_icbs"][main]["icb_code"]
        tables["councils"][code] |= {"sub_icb_code": main, "icb_code": icb_code}


def _take_councils(tables: Tables, rows: list[dict[str, str]], today: date) -> None:
    told: Table = {}
    for row in rows:
        sub_icb = tables["sub_icbs"].get(row["main_sub_icb"])
        region = _region(tables, row["region"])
        if sub_icb is None or region is None:
            what = f"sub-ICB {row['main_sub_icb']}" if sub_icb is None else f"region {row['region']}"
            raise errors.Invalid(f"{row['council_name']} is said to stand in {what}, which is not known.")
        told[row["council"]] = {
            # Lists write one council's name in different ways, so a known one keeps its own.
            "name": tables["councils"].get(row["council"], {}).get("name") or row["council_name"],
            "region_code": region,
            "sub_icb_code": row["main_sub_icb"],
            "icb_code": sub_icb["icb_code"],
        }
    _keep(tables, "councils", told, today)


def _region(tables: Tables, name: str) -> str | None:
    plain = _plain_region(name)
    for code, row in tables["regions"].items():
        known = _plain_region(row["name"])
        # "East" is the East of England.
        if known == plain or known.startswith(f"{plain} of "):
            return code
    return None


def _plain_region(name: str) -> str:
    """Return "Yorkshire & the Humber", "Yorkshire and The Humber" and "Yorkshire and Humber" alike."""
    words = name.casefold().replace("&", "and").removeprefix("greater ").split()
    return " ".join(word for word in words if word != "the")


def _take_districts(tables: Tables, rows: list[dict[str, str]], today: date) -> None:
    districts = tables["districts"]
    told = {row["lad"]: row for row in rows if row["lad"] != row["upper_tier"]}
    unknown = sorted({row["upper_tier"] for row in told.values()} - tables["councils"].keys())
    if unknown:
        raise errors.Invalid(
            f"{', '.join(unknown[:5])} are no councils that are known; import the councils first."
        )
    _refuse_part("districts", [code for code, row in districts.items() if not row["valid_to"]], told)
    ended = (today - timedelta(days=1)).isoformat()
    for code, row in districts.items():
        if code not in told and not row["valid_to"]:
            row["valid_to"] = ended
    for code, row in told.items():
        districts[code] = {
            "code": code,
            "name": districts.get(code, {}).get("name") or row["lad_name"],
            "council_code": row["upper_tier"],
            "valid_to": "",
        }


def _council_of(tables: Tables, code: str) -> str | None:
    district = tables["districts"].get(code)
    found = district["council_code"] if district else code
    return found if found in tables["councils"] else None


def _named(
    rows: Iterable[Mapping[str, str]], kind: str, **others: Callable[[Mapping[str, str]], str]
) -> Table:
    """Return the areas of a kind that rows name, by code; a name that is not told stays as it is."""
    found: Table = {}
    for row in rows:
        if row.get(kind):
            found[row[kind]] = {"name": row.get(f"{kind}_name", "")} | {
                column: value(row) for column, value in others.items()
            }
    return found


def _keep(tables: Tables, name: str, told: Table, today: date, *, may_go: bool = True) -> None:
    """Bring a table up to what is told: new areas begin today, those that are not told ended yesterday."""
    table, columns = tables[name], FILES[name]
    valid = [code for code, row in table.items() if not row["valid_to"]]
    gone = _refuse_part(name, valid, told) if may_go else []
    for code in gone:
        table[code]["valid_to"] = (today - timedelta(days=1)).isoformat()
    for code, row in told.items():
        known = table.get(code)
        if known is None:
            fresh = {"code": code, "valid_from": today.isoformat(), "valid_to": ""}
            table[code] = {column: (fresh | row).get(column, "") for column in columns}
            table[code]["name"] = table[code]["name"] or code
        else:
            known |= {column: value for column, value in row.items() if value}
            known["valid_to"] = ""


def _refuse_part(name: str, valid: list[str], told: Mapping[str, object]) -> list[str]:
    """Return which areas are told no more.

    :raises errors.Invalid: when they are too many.
    """
    gone = [code for code in valid if code not in told]
    if len(gone) > MOST_GONE * len(valid):
        raise errors.Invalid(
            f"The look-up has none of {len(gone)} of {len(valid)} {name.replace('_', ' ')}: it may be only a "
            "part of one. Nothing was written."
        )
    return gone


def _check(tables: Tables, today: date) -> None:
    """Make sure that every area stands in areas that there are.

    :raises errors.Invalid: naming the first that does not.
    """
    for name, column, parent in (
        ("icbs", "nhs_region_code", "nhs_regions"),
        ("sub_icbs", "icb_code", "icbs"),
        ("councils", "region_code", "regions"),
        ("councils", "sub_icb_code", "sub_icbs"),
        ("councils", "icb_code", "icbs"),
        ("districts", "council_code", "councils"),
    ):
        for row in tables[name].values():
            if row[column] not in tables[parent]:
                raise errors.Invalid(
                    f"{row['name']} ({row['code']}) would stand in {row[column] or 'nothing'}, which is "
                    f"none of the {parent.replace('_', ' ')}. Nothing was written."
                )


def _differences(before: Tables, after: Tables) -> Iterable[str]:
    for name, columns in FILES.items():
        label = name.replace("_", " ")
        for code, row in after[name].items():
            known = before[name].get(code)
            if known is None:
                yield f"{label}: {code} is new ({row.get('name') or row['code']})"
            elif known != row:
                words = [
                    f"{column} {known[column] or 'open'} → {row[column] or 'open'}"
                    for column in columns
                    if known[column] != row[column]
                ]
                yield f"{label}: {code} {row.get('name', '')}: {', '.join(words)}"


_APPLY: dict[str, Callable[[Tables, list[dict[str, str]], date], None]] = {
    area_files.LSOAS: _take_lsoas,
    area_files.SUB_ICBS: _take_sub_icbs,
    area_files.SHARES: _take_shares,
    area_files.COUNCILS: _take_councils,
    area_files.DISTRICTS: _take_districts,
}

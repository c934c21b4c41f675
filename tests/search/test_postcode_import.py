from __future__ import annotations

import csv
import gzip
import pathlib
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Iterable
from typing import Any

import pytest
import sqlalchemy as sa

from contracts import errors
from kit import database
from services.search import commands, homes, models, postcode_import, postcodes
from tests.factories import servers, snapshots, waiting
from tests.search import given

PLAIN = "postcode,easting,northing\nDH1 3YG,427123,542456\nDH1 3NJ,427300,542500\n"
CODE_POINT = [
    '"DH1 3YG",10,427123,542456,"E92000001","E19000001","E18000001","","E06000047","E05000001"',
    '"OX1 1AA",10,450673,205980,"E92000001","E19000002","E18000009","E10000025","E07000178","E05013111"',
    '"TS1 1AA",90,0,0,"E92000001","E19000001","E18000001","","E06000002","E05000002"',
]
# The columns that are read, in the order and under the names of each edition, with some that are not.
ONSPD_2023 = (
    "pcd,pcd2,pcds,dointr,doterm,oscty,ced,oslaua,oseast1m,osnrth1m,osgrdind,ctry,rgn,sicbl,lat,long,icb"
)
ONSPD_2019 = ONSPD_2023.replace("sicbl", "ccg").replace("icb", "stp")
ONSPD_2025 = (
    "pcd7,pcd8,pcds,dointr,doterm,cty25cd,ced25cd,lad25cd,east1m,north1m,gridind,ctry25cd,rgn25cd,sicbl24cd,"
    "lat,long,icb23cd"
)
ONSPD_ROWS = [
    # In use; its council is a district of Oxfordshire, its sub-ICB given by GSS code.
    '"OX1 1AA","OX1  1AA","OX1 1AA",198001,,E10000025,,E07000178,450673,0205980,1,E92000001,E12000008,'
    "E38000136,51.7,-1.2,E54000044",
    '"DH1 3YG","DH1  3YG","DH1 3YG",198001,,E99999999,,E06000047,427123,0542456,1,E92000001,E12000001,'
    "E38000234,54.7,-1.5,E54000050",
    '"DH1 1AA","DH1  1AA","DH1 1AA",198001,199606,E99999999,,E06000047,427000,0542000,1,E92000001,E12000001,'
    "E38000234,54.7,-1.5,E54000050",
    '"GY1 1AA","GY1  1AA","GY1 1AA",198001,,,,L99999999,,,9,L93000001,L99999999,L99999999,'
    "99.999999,0.000000,",
    '"BT1 1AA","BT1  1AA","BT1 1AA",198001,,N99999999,,N09000003,333000,374000,1,N92000002,N99999999,'
    "N99999999,54.6,-5.9,N99999999",
]


def imported(sessions: database.Sessions, path: pathlib.Path, **options: Any) -> postcode_import.Summary:
    return postcode_import.run(path, engine=sessions.engine, now=snapshots.NOW, progress=False, **options)


def kept(sessions: database.Sessions) -> dict[str, tuple[Any, ...]]:
    """Return the postcodes there are, with place, council, sub-ICB and ICB."""
    with sessions.reading() as session:
        return {row[0]: tuple(row[1:]) for row in session.execute(sa.select(models.Postcode.__table__))}


def written(path: pathlib.Path, text: str) -> pathlib.Path:
    path.write_text(text, encoding="utf-8")
    return path


def zipped(path: pathlib.Path, members: dict[str, str]) -> pathlib.Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in members.items():
            archive.writestr(name, text)
    return path


def many(count: int, *, easting: int = 427000) -> Iterable[str]:
    letters = "ABDEFGHJLN"
    for number in range(count):
        tens, ones = divmod(number % 100, 10)
        yield f"DH{number // 1000 + 1} {number // 100 % 10}{letters[tens]}{letters[ones]},{easting},542000\n"


class TestFormats:
    def test_a_plain_file_with_a_header(self, sessions: database.Sessions, tmp_path: pathlib.Path) -> None:
        summary = imported(sessions, written(tmp_path / "plain.csv", PLAIN))
        assert kept(sessions)["DH13YG"] == (427123, 542456, None, None, None)
        assert (summary.postcodes, summary.rejected, summary.rejects_path) == (2, 0, None)

    def test_a_gzipped_file_with_more_columns(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        path = tmp_path / "postcodes.csv.gz"
        text = "postcode,easting,northing,lat,long\ndh13yg,427123,542456,54.77,-1.57\n"
        path.write_bytes(gzip.compress(b"\xef\xbb\xbf" + text.encode()))
        imported(sessions, path)
        assert list(kept(sessions)) == ["DH13YG"]

    def test_a_plain_file_with_areas_of_its_own(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        text = "postcode,easting,northing,council_code,sub_icb_code,icb_code\nDH1 3YG,1,2,E06000047,84H,QHM\n"
        imported(sessions, written(tmp_path / "plain.csv", text))
        assert kept(sessions)["DH13YG"] == (1, 2, "E06000047", "84H", "QHM")

    def test_code_point_as_it_is_published(self, sessions: database.Sessions, tmp_path: pathlib.Path) -> None:
        headers = "PC,PQ,EA,NO,CY,RH,LH,CC,DC,WC\nPostcode,Positional_quality_indicator\n"
        path = zipped(
            tmp_path / "codepo_gb.zip",
            {
                "Doc/Code-Point_Open_Column_Headers.csv": headers,
                "Data/CSV/dh.csv": CODE_POINT[0] + "\n",
                "Data/CSV/ox.csv": "\n".join(CODE_POINT[1:]) + "\n",
                "Data/CSV/readme.txt": "not this one",
            },
        )
        summary = imported(sessions, path)
        assert kept(sessions) == {
            "DH13YG": (427123, 542456, "E06000047", None, None),
            "OX11AA": (450673, 205980, "E10000025", None, None),
        }
        assert (summary.without_grid, summary.rejected) == (1, 0)

    def test_a_folder_of_code_point_files(self, sessions: database.Sessions, tmp_path: pathlib.Path) -> None:
        unpacked = tmp_path / "Data" / "CSV"
        for folder in (unpacked, tmp_path / "Doc"):
            folder.mkdir(parents=True)
        written(unpacked / "dh.csv", CODE_POINT[0])
        written(unpacked / "ox.csv", CODE_POINT[1].replace("OX1 1AA", "OX11AA "))
        written(tmp_path / "Doc" / "headers.csv", "PC,PQ,EA,NO,CY,RH,LH,CC,DC,WC\n")
        for folder in (tmp_path, unpacked):
            imported(sessions, folder)
            assert sorted(kept(sessions)) == ["DH13YG", "OX11AA"]

    @pytest.mark.parametrize("header", [ONSPD_2019, ONSPD_2023, ONSPD_2025])
    def test_onspd_of_every_edition(
        self, sessions: database.Sessions, tmp_path: pathlib.Path, header: str
    ) -> None:
        text = "\n".join([header, *ONSPD_ROWS])
        summary = imported(sessions, written(tmp_path / "ONSPD_UK.csv", text))
        assert kept(sessions) == {
            "OX11AA": (450673, 205980, "E10000025", "10Q", "QU9"),
            "DH13YG": (427123, 542456, "E06000047", "84H", "QHM"),
        }
        assert (summary.terminated, summary.without_grid, summary.northern_ireland) == (1, 1, 1)
        assert summary.rejected == 0

    def test_onspd_zips_hold_everything_twice(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        text = "\n".join([ONSPD_2025, *ONSPD_ROWS])
        path = zipped(
            tmp_path / "ONSPD_NOV_2025.zip",
            {
                "Data/ONSPD_NOV_2025_UK.csv": text,
                "Data/multi_csv/ONSPD_NOV_2025_UK_DH.csv": text,
                "Documents/LAD names and codes.csv": "LAD25CD,LAD25NM\nE06000047,County Durham\n",
            },
        )
        summary = imported(sessions, path)
        assert (summary.postcodes, summary.repeated) == (2, 0)

    def test_outward_codes_get_their_middle_and_council(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        text = (
            "postcode,easting,northing,council_code\n"
            "ZE1 0AA,100,200,E06000047\nZE1 0AB,300,400,E06000047\nZE1 0AD,200,300,E06000001\n"
        )
        imported(sessions, written(tmp_path / "plain.csv", text))
        with sessions.reading() as session:
            place = postcodes.locate(session, "ZE1")
        assert (place.easting, place.northing, place.council_code) == (200, 300, "E06000047")


class TestHostileFiles:
    @pytest.fixture(autouse=True)
    def earlier_import(self, sessions: database.Sessions, tmp_path: pathlib.Path) -> None:
        imported(sessions, written(tmp_path / "earlier.csv", PLAIN))

    def refused(self, sessions: database.Sessions, path: pathlib.Path, words: str) -> None:
        before = kept(sessions)
        with pytest.raises(errors.Invalid, match=words):
            imported(sessions, path)
        assert kept(sessions) == before

    def test_lists_bad_rows_with_what_is_wrong(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        bad = ["NOT A POSTCODE,1,2", "DH1 3ZZ,east,north", "DH1 3ZY,800000,1", "DH1 3ZX", ""]
        text = PLAIN.splitlines()[0] + "\n" + "".join(many(200)) + "\n".join(bad)
        summary = imported(sessions, written(tmp_path / "some.csv", text))
        assert (summary.postcodes, summary.rejected) == (200, 4)
        assert summary.rejects_path == tmp_path / "some.csv.rejects.csv"
        with summary.rejects_path.open(encoding="utf-8", newline="") as lines:
            listed = [(row["line"], row["what is wrong"]) for row in csv.DictReader(lines)]
        assert listed == [
            ("202", "not a postcode"),
            ("203", "easting and northing are not whole numbers"),
            ("204", "outside Great Britain"),
            ("205", "the row is too short"),
        ]

    def test_lists_them_in_a_folder_of_choice(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        path = written(tmp_path / "some.csv", PLAIN.splitlines()[0] + "\n" + "".join(many(200)) + "bad,1,2\n")
        summary = imported(sessions, path, rejects_folder=tmp_path / "elsewhere")
        assert summary.rejects_path == tmp_path / "elsewhere" / "some.csv.rejects.csv"

    def test_refuses_a_file_that_is_mostly_bad(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        text = PLAIN + "bad,1,2\n"
        self.refused(sessions, written(tmp_path / "bad.csv", text), "1 of 3 rows of bad.csv are bad")

    def test_keeps_the_first_of_a_repeated_postcode(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        text = PLAIN + "DH13YG,1,1\n"
        summary = imported(sessions, written(tmp_path / "twice.csv", text))
        assert kept(sessions)["DH13YG"][:2] == (427123, 542456)
        assert (summary.postcodes, summary.repeated) == (2, 1)

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("", "no usable postcode"),
            ("postcode,easting,northing\n", "no usable postcode"),
            ("name,town\nA,B\n", "in no format that can be read"),
            ("\x00\x01\x02\x7f", "in no format that can be read"),
            ('"' + "x" * 200_000, "in no format that can be read"),
        ],
    )
    def test_refuses_what_is_no_list_of_postcodes(
        self, sessions: database.Sessions, tmp_path: pathlib.Path, text: str, words: str
    ) -> None:
        self.refused(sessions, written(tmp_path / "other.csv", text), words)

    def test_refuses_files_that_are_not_there_or_hold_nothing(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        self.refused(sessions, tmp_path / "missing.csv", "There is no file")
        (tmp_path / "empty").mkdir()
        self.refused(sessions, tmp_path / "empty", "There is no CSV file")
        self.refused(sessions, zipped(tmp_path / "text.zip", {"readme.txt": "hello"}), "There is no CSV file")

    def test_refuses_damaged_files_whole(self, sessions: database.Sessions, tmp_path: pathlib.Path) -> None:
        text = "postcode,easting,northing\n" + "".join(many(20_000))
        whole = gzip.compress(text.encode())
        (tmp_path / "cut.csv.gz").write_bytes(whole[: len(whole) // 2])
        self.refused(sessions, tmp_path / "cut.csv.gz", "cannot be read to its end")
        archive = bytearray(zipped(tmp_path / "whole.zip", {"Data/all.csv": text}).read_bytes())
        archive[1000:1200] = bytes(200)
        (tmp_path / "broken.zip").write_bytes(archive)
        self.refused(sessions, tmp_path / "broken.zip", "cannot be read to its end")
        (tmp_path / "not.csv.gz").write_bytes(b"not gzipped")
        self.refused(sessions, tmp_path / "not.csv.gz", "cannot be read to its end")

    def test_reads_on_after_a_field_that_is_too_long(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        text = "postcode,easting,northing\n" + "".join(many(100)) + "x" * 200_000 + ",1,2\nDH9 9AA,1,2\n"
        summary = imported(sessions, written(tmp_path / "long.csv", text))
        assert (summary.postcodes, summary.rejected) == (101, 1)

    def test_never_writes_what_a_row_says_into_a_statement(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        rows = "".join(f"{row.strip()},E06\\.\n" for row in many(100))
        text = f"postcode,easting,northing,council_code\n{rows}"
        imported(sessions, written(tmp_path / "odd.csv", text))
        assert {row[2] for row in kept(sessions).values()} == {None}


class TestSwap:
    def test_can_be_run_again(self, sessions: database.Sessions, tmp_path: pathlib.Path) -> None:
        path = written(tmp_path / "plain.csv", PLAIN)
        imported(sessions, path)
        before = kept(sessions)
        imported(sessions, path)
        assert kept(sessions) == before

    def test_refuses_to_run_twice_at_once(self, sessions: database.Sessions, tmp_path: pathlib.Path) -> None:
        with sessions.transaction() as session:
            session.execute(sa.text("select pg_advisory_xact_lock(727002)"))
            with pytest.raises(errors.Conflict, match="import of postcodes is under way"):
                imported(sessions, written(tmp_path / "plain.csv", PLAIN))

    def test_leaves_the_tables_as_the_migrations_made_them(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        before = sa.inspect(sessions.engine)
        columns, key = before.get_columns("postcodes"), before.get_pk_constraint("postcodes")
        imported(sessions, written(tmp_path / "plain.csv", PLAIN))
        after = sa.inspect(sessions.engine)
        assert [str(column) for column in after.get_columns("postcodes")] == [str(c) for c in columns]
        assert after.get_pk_constraint("postcodes") == key
        assert not after.has_table("postcodes_new")

    def test_lets_searches_go_on_meanwhile(self, sessions: database.Sessions, tmp_path: pathlib.Path) -> None:
        header = "postcode,easting,northing\n"
        first = written(tmp_path / "first.csv", header + "".join(many(9_000)))
        imported(sessions, first)
        second = written(tmp_path / "second.csv", header + "".join(many(9_000, easting=428000)))
        seen: set[int] = set()
        stop = threading.Event()

        def look() -> None:
            while not stop.is_set():
                with sessions.reading() as session:
                    seen.add(postcodes.locate(session, "DH1 0AA").easting)

        looking = threading.Thread(target=look)
        looking.start()
        try:
            waiting.until(lambda: 427000 in seen, what="a search before the import")
            imported(sessions, second)
            waiting.until(lambda: 428000 in seen, what="a search after the import")
        finally:
            stop.set()
            looking.join()
        assert seen == {427000, 428000}

    def test_leaves_the_old_postcodes_when_it_is_killed(
        self, sessions: database.Sessions, tmp_path: pathlib.Path
    ) -> None:
        imported(sessions, written(tmp_path / "plain.csv", PLAIN))
        before = kept(sessions)
        bigger = written(tmp_path / "bigger.csv", "postcode,easting,northing\n" + "".join(many(9_000)))
        code = (
            "import sys; from services.search import commands; "
            "commands.import_postcodes(sys.argv[1], database_url=sys.argv[2])"
        )
        url = sessions.engine.url.render_as_string(hide_password=False)
        with sessions.transaction() as session:
            # Whoever reads the old table holds up the last step, so the import is killed when all but done.
            session.execute(sa.select(models.Postcode.postcode).limit(1))
            process = subprocess.Popen([sys.executable, "-c", code, bigger, url], cwd=servers.ROOT)
            while not session.scalar(_SOMEBODY_WAITS):
                assert process.poll() is None
                time.sleep(0.02)
            process.kill()
            process.wait()
        assert kept(sessions) == before
        imported(sessions, written(tmp_path / "plain.csv", PLAIN))


_SOMEBODY_WAITS = sa.text(
    "select count(*) from pg_locks join pg_database on pg_database.oid = database "
    "where not granted and datname = current_database()"
)


class TestImportPostcodes:
    def test_places_the_homes_that_it_makes_known(
        self, sessions: database.Sessions, tmp_path: pathlib.Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        unknown = snapshots.snapshot(name="Unknown till now", postcode="ZE1 1AA")
        with sessions.transaction() as session:
            homes.apply(session, unknown)
        text = "postcode,easting,northing\nZE1 1AA,447000,1141000\nDH1 3NJ,427300,542500\n"
        url = sessions.engine.url.render_as_string(hide_password=False)
        commands.import_postcodes(written(tmp_path / "plain.csv", text), database_url=url, progress=False)
        with sessions.reading() as session:
            assert given.found(session) == ["Unknown till now"]
        assert "2 postcodes imported" in capsys.readouterr().out

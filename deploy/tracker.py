"""The operator's command line: `tracker --help`.

Each command's work is a function in the folder of the service that owns the data; this file only names them.
Settings come from the environment, or from the installation that `make run` has running.
"""

from __future__ import annotations

import argparse
import importlib
import json
import os
import sys
from collections.abc import Sequence
from typing import Any

from contracts import errors, permissions
from deploy import processes
from deploy.local import environment
from kit import settings

BROKER = "AMQP_URI"
PUBLIC_URL = "PUBLIC_URL"
SECOND_FACTOR_KEY = "SECOND_FACTOR_KEY"
IDENTITY_DATABASE = settings.database_variable("identity")
PROVIDERS_DATABASE = settings.database_variable("providers")
SEARCH_DATABASE = settings.database_variable("search")
REPORTS_DATABASE = settings.database_variable("reports")
DATABASES = tuple(map(settings.database_variable, processes.SERVICES_WITH_DATABASE))


def main(arguments: list[str] | None = None) -> int:
    """Run one command."""
    options = _parser().parse_args(arguments)
    environment.adopt()
    try:
        _require(options.needs)
        options.run(options)
    except errors.Error as error:
        print(error.message, file=sys.stderr)
        for field, words in error.fields.items():
            print(f"  {field}: {words}", file=sys.stderr)
        return 1
    return 0


def _require(names: Sequence[str]) -> None:
    """Make sure that the command knows which installation is meant.

    :raises errors.Unavailable: naming every setting that is missing
    """
    missing = [name for name in names if not os.environ.get(name)]
    if missing:
        raise errors.Unavailable(
            f"Nothing runs here. Start it with `make run`, or set {', '.join(missing)} to point at what runs."
        )


def migrate(options: argparse.Namespace) -> None:
    """Bring every service's database up to date."""
    _module("kit.migrations").upgrade_all()
    _module("services.search.commands").reshape()


def create_admin(options: argparse.Namespace) -> None:
    """Make somebody an administrator, or let one in again; prints a link that works once."""
    form = {"email": options.email} | ({"full_name": options.name} if options.name else {})
    _module("services.identity.commands").create_admin(form)


def reset_second_factor(options: argparse.Namespace) -> None:
    """Remove the second factor of an administrator who lost everything."""
    _module("services.identity.commands").reset_second_factor(options.email)


def end_sessions(options: argparse.Namespace) -> None:
    """Sign everybody out, as after an incident."""
    _module("services.identity.commands").end_sessions()


def add_organisation(options: argparse.Namespace) -> None:
    """Add an organisation that people can register with; prints its id."""
    form = {
        "type": options.type,
        "name": options.name,
        "council_code": options.council,
        "postcode": options.postcode,
    }
    _module("services.identity.commands").add_organisation(form)


def import_postcodes(options: argparse.Namespace) -> None:
    """Replace the postcodes by those of a file."""
    _module("services.search.commands").import_postcodes(options.file)


def import_headquarters(options: argparse.Namespace) -> None:
    """Replace the headquarters of councils and ICBs, where distances in their areas count from."""
    _module("services.search.commands").import_headquarters(options.file)


def import_register(options: argparse.Namespace) -> None:
    """Take in a file of a public register; providers follow what it says."""
    commands = _module("services.providers.commands")
    commands.import_register(
        options.register,
        options.file,
        options=_taking_in(options),
        rejects_folder=options.rejects,
    )


def sync_register(options: argparse.Namespace) -> None:
    """Take in what a public register tells over its API: all of it at first, then what has changed."""
    commands = _module("services.providers.commands")
    commands.sync_register(
        options.register,
        since=options.since,
        base_url=options.base_url,
        options=_taking_in(options),
        rejects_folder=options.rejects,
    )


def import_areas(options: argparse.Namespace) -> None:
    """Write the councils, sub-ICBs and ICBs anew by a look-up file, to AREAS_FOLDER."""
    _module("services.providers.commands").import_areas(options.file, dry_run=options.dry_run)


def _taking_in(options: argparse.Namespace) -> Any:
    return _module("services.providers.imports.register_import").Options(
        dry_run=options.dry_run, update_only=options.update_only, yes=options.yes
    )


def rebuild_search(options: argparse.Namespace) -> None:
    """Build what search finds anew from providers."""
    _module("services.search.commands").rebuild()


def rebuild_reports(options: argparse.Namespace) -> None:
    """Write anew what reports keep of every provider."""
    _module("services.reports.commands").rebuild()


def list_dead_letters(options: argparse.Namespace) -> None:
    """List the messages that could not be handled."""
    found = _module("kit.dead_letters").listing()
    for letter in found:
        print(f"{letter.id}  {letter.queue}  {letter.event}  {letter.tries} tries  {letter.error}")
    print(f"{len(found)} dead letters" if found else "There are no dead letters.")


def show_dead_letter(options: argparse.Namespace) -> None:
    """Show one of them whole.

    :raises errors.NotFound: when there is none with that id
    """
    for letter in _module("kit.dead_letters").listing():
        if letter.id == options.id:
            print(json.dumps(vars(letter), indent=2))
            return
    raise errors.NotFound(f"There is no dead letter {options.id}; `tracker dead-letters list` shows them.")


def replay_dead_letters(options: argparse.Namespace) -> None:
    """Send one, or all, back to the queue it came from."""
    print(f"Sent back: {_module('kit.dead_letters').replay(options.id)}")


def discard_dead_letters(options: argparse.Namespace) -> None:
    """Throw one, or all, away."""
    print(f"Thrown away: {_module('kit.dead_letters').discard(options.id)}")


def remind(options: argparse.Namespace) -> None:
    """Send today what the weekly reminder would send."""
    _module("services.notifications.commands").remind()


def demo_data(options: argparse.Namespace) -> None:
    """Fill the databases with fictional homes and people."""
    _module("deploy.demo").load(homes=options.homes)


def demo_code(options: argparse.Namespace) -> None:
    """Print the code that the demo's administrator signs in with at this moment."""
    _module("deploy.demo").print_code()


def _module(name: str) -> Any:
    """Import a module only when its command is run, so that each needs its own service alone."""
    return importlib.import_module(name)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="tracker", description="Look after an installation.")
    commands = parser.add_subparsers(required=True, metavar="command")
    _command(commands, "migrate", migrate, DATABASES)
    _add_people(commands)
    _add_import(commands)
    _add_sync(commands)
    _add_search(commands)
    _add_reports(commands)
    _add_dead_letters(commands)
    _command(commands, "remind", remind, [BROKER])
    demo = _command(commands, "demo-data", demo_data, [*DATABASES, SECOND_FACTOR_KEY])
    demo.add_argument("--homes", type=int, default=300, help="how many homes (default: %(default)s)")
    _command(commands, "demo-code", demo_code, [])
    return parser


def _add_people(commands: Any) -> None:
    admin = _command(commands, "create-admin", create_admin, [IDENTITY_DATABASE, PUBLIC_URL])
    admin.add_argument("email")
    admin.add_argument("name", nargs="?", help="the full name, of somebody new")
    reset = _command(commands, "reset-second-factor", reset_second_factor, [IDENTITY_DATABASE])
    reset.add_argument("email")
    _command(commands, "end-sessions", end_sessions, [IDENTITY_DATABASE])
    actions = _group(commands, "organisations", "Look after the organisations that people register with.")
    added = _command(actions, "add", add_organisation, [IDENTITY_DATABASE])
    added.add_argument("--type", required=True, choices=permissions.ORGANISATION_TYPES)
    added.add_argument("--name", required=True)
    added.add_argument("--council", help="the code of the council it stands in, like E06000047")
    added.add_argument("--postcode")


def _add_import(commands: Any) -> None:
    kinds = commands.add_parser("import", help="Read reference data.").add_subparsers(
        required=True, metavar="what"
    )
    postcodes = _command(kinds, "postcodes", import_postcodes, [SEARCH_DATABASE])
    postcodes.add_argument(
        "file", help="Code-Point Open (zip or folder), ONSPD, or postcode,easting,northing CSV"
    )
    offices = _command(kinds, "headquarters", import_headquarters, [SEARCH_DATABASE])
    offices.add_argument("file", help="CSV with the columns area_code (council or ICB) and postcode")
    for register, words in (
        ("cqc", "the directory, the care directory with filters, the ratings or the deactivated locations"),
        ("ods", "a file of the NHS Organisation Data Service, such as etr.csv or ets.csv"),
    ):
        taken = _command(kinds, register, import_register, [PROVIDERS_DATABASE])
        taken.add_argument("file", help=words)
        _add_taking_in(taken, register)
    areas = _command(kinds, "areas", import_areas, [])
    areas.add_argument("file", help="a look-up of CCGs or sub-ICBs, of councils, of districts, or of LSOAs")
    areas.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")


def _add_sync(commands: Any) -> None:
    kinds = _group(commands, "sync", "Take in what public registers tell over their APIs.")
    for register in ("cqc", "ods"):
        synced = _command(kinds, register, sync_register, [PROVIDERS_DATABASE])
        synced.add_argument("--since", metavar="DATE", help="from this day on (default: since the last time)")
        synced.add_argument("--base-url", metavar="URL", help="where the register answers, if not as usual")
        _add_taking_in(synced, register)


def _add_taking_in(command: argparse.ArgumentParser, register: str) -> None:
    command.set_defaults(register=register)
    command.add_argument("--dry-run", action="store_true", help="say what would change, and change nothing")
    command.add_argument("--update-only", action="store_true", help="make no provider of a new site")
    command.add_argument("--yes", action="store_true", help="even if more than a tenth of all sites are gone")
    command.add_argument(
        "--rejects", metavar="FOLDER", help="where to list bad rows (default: beside the file)"
    )


def _add_search(commands: Any) -> None:
    actions = commands.add_parser("search", help="Look after search.").add_subparsers(
        required=True, metavar="what"
    )
    _command(actions, "rebuild", rebuild_search, [BROKER, SEARCH_DATABASE])


def _add_reports(commands: Any) -> None:
    actions = _group(commands, "reports", "Look after reports.")
    _command(actions, "rebuild", rebuild_reports, [BROKER, REPORTS_DATABASE])


def _add_dead_letters(commands: Any) -> None:
    actions = _group(commands, "dead-letters", "Look after messages that could not be handled.")
    _command(actions, "list", list_dead_letters, [BROKER])
    _command(actions, "show", show_dead_letter, [BROKER]).add_argument("id")
    for name, run in (("replay", replay_dead_letters), ("discard", discard_dead_letters)):
        _command(actions, name, run, [BROKER]).add_argument("id", help="the id from the list, or all")


def _group(commands: Any, name: str, words: str) -> Any:
    return commands.add_parser(name, help=words, description=words).add_subparsers(
        required=True, metavar="what"
    )


def _command(commands: Any, name: str, run: Any, needs: Sequence[str]) -> argparse.ArgumentParser:
    """Add a command that is described by its function's first line, and the settings it cannot do without."""
    added: argparse.ArgumentParser = commands.add_parser(name, help=run.__doc__.splitlines()[0])
    added.set_defaults(run=run, needs=needs)
    return added


if __name__ == "__main__":
    raise SystemExit(main())

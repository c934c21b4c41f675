"""Install what the product needs, once: `python3 -m deploy.local.install [--tests] [--bench]`.

Run by the system's own Python, so it uses the standard library only. What is installed is remembered by a
fingerprint of what asked for it; a second run finds nothing to do and takes no time.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes.util
import hashlib
import importlib.util
import json
import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from deploy.local import broker, children, environment, progress

ROOT = environment.ROOT
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
QUIETLY = ("--no-input", "--disable-pip-version-check", "--progress-bar=off")
PIP_INSTALL = (str(PYTHON), "-m", "pip", "install", *QUIETLY, "--no-deps")
STAMPS = VENV / "installed.json"
LOG = environment.VAR / "log" / "install.log"
OLDEST_PYTHON = (3, 11)
SAY_EVERY = 10.0  # Seconds between signs of life of a long step.
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
FONTS = Path("/usr/share/fonts/truetype")
LIKE_ARIAL = ("liberation", "liberation2", "msttcorefonts")
"""Folders there, one of which a computer on a ward has: what fits a page depends on how wide letters are."""
POLICY = Path("/usr/sbin/policy-rc.d")
POLICY_KEPT = POLICY.with_name("policy-rc.d.before-capacity-tracker")
# Units of the packages we install for their programs only: the product runs its own broker.
UNUSED_UNITS = ("rabbitmq-server.service", "epmd.service", "epmd.socket")


def main() -> int:
    """Install what is missing, saying what and how long it takes."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--tests", action="store_true", help="what the tests need, too")
    parser.add_argument("--bench", action="store_true", help="what the bench needs, too")
    options = parser.parse_args()
    try:
        install(tests=options.tests or options.bench, bench=options.bench)
    except children.CannotStart as refusal:
        return progress.refuse(str(refusal))
    except KeyboardInterrupt:
        return progress.refuse("Stopped. The next start goes on from here.")
    return 0


def install(*, tests: bool, bench: bool) -> None:
    """Install what is missing.

    :raises CannotStart: with what to do
    """
    require_python(sys.version_info[:2])
    install_packages(missing_packages(tests=tests, bench=bench), is_root=os.geteuid() == 0)
    create_venv()
    names = ["requirements.txt", "requirements-local.txt", *(["requirements-dev.txt"] if tests else [])]
    for name in names:
        install_requirements(ROOT / name)
    install_product()
    install_node_packages()
    build_assets()


def require_python(version: tuple[int, ...]) -> None:
    """:raises CannotStart: when this Python is too old"""
    if version < OLDEST_PYTHON:
        wanted, found = ".".join(map(str, OLDEST_PYTHON)), ".".join(map(str, version))
        raise children.CannotStart(
            f"Python {wanted} or newer is needed; this is {found}."
            f" Name another one: make PYTHON=python{wanted} …"
        )


# --- Packages of the system


def missing_packages(*, tests: bool, bench: bool, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Return the Debian packages whose programs this computer lacks."""
    missing = []
    if not importlib.util.find_spec("ensurepip"):
        missing.append("python3-venv")
    if not environ.get("AMQP_URI") and not any(path.exists() for path in broker.SERVERS):
        missing.append("rabbitmq-server")
    if tests and not any(map(shutil.which, BROWSERS)):
        missing.append("chromium")
    if tests and not any((FONTS / name).is_dir() for name in LIKE_ARIAL):
        missing.append("fonts-liberation")
    if tests and not ctypes.util.find_library("atomic"):
        missing.append("libatomic1")  # The program that drives the browser is linked to it.
    if tests:
        # The examples of the API guide are carried out as they stand there.
        missing += [program for program in ("curl", "jq") if not shutil.which(program)]
    if bench and not shutil.which("wrk"):
        missing.append("wrk")
    return missing


def install_packages(packages: Sequence[str], *, is_root: bool) -> None:
    """Install Debian packages without letting any of them start a server.

    :raises CannotStart: with the command to type, where only the user can do it
    """
    if not packages:
        return
    if not is_root or not shutil.which("apt-get"):
        raise children.CannotStart(_please_install(packages))
    apt = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with nothing_starts():
        run("Reading the list of packages", ["apt-get", "update", "-q"], env=apt)
        command = ["apt-get", "install", "-q", "-y", "--no-install-recommends", *packages]
        run(f"Installing {', '.join(packages)} with apt", command, env=apt)
    if "rabbitmq-server" in packages:
        _leave_switched_off()


def _please_install(packages: Sequence[str]) -> str:
    lines = ["This computer lacks programs that only its administrator can install. Please type:", ""]
    lines.append(f"    sudo apt-get install {' '.join(packages)}")
    if "rabbitmq-server" in packages:
        lines += [
            "    sudo systemctl disable --now rabbitmq-server    # the product runs a broker of its own",
            "",
            "or let it use one that runs elsewhere: AMQP_URI=amqp://user:password@host:5672// make run",
        ]
    return "\n".join(lines)


@contextlib.contextmanager
def nothing_starts(policy: Path = POLICY, kept: Path = POLICY_KEPT) -> Iterator[None]:
    """Forbid packages that are being installed to start servers; the computer's own rule returns."""
    if not kept.exists() and policy.exists():
        policy.rename(kept)
    try:
        policy.write_text("#!/bin/sh\nexit 101\n")
        policy.chmod(policy.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
        yield
    finally:
        policy.unlink(missing_ok=True)
        if kept.exists():
            kept.rename(policy)


def _leave_switched_off() -> None:
    """Keep the broker we installed from starting with the computer."""
    if shutil.which("systemctl"):
        for unit in UNUSED_UNITS:
            subprocess.run(["systemctl", "disable", unit], capture_output=True, check=False)


# --- Python and node packages


def create_venv() -> None:
    """Create the virtual environment, or again when its Python is another one or gone."""
    wanted = f"{sys.version_info.major}.{sys.version_info.minor}"
    if is_done("venv", wanted) and PYTHON.exists():
        return
    shutil.rmtree(VENV, ignore_errors=True)
    run("Creating the virtual environment", [sys.executable, "-m", "venv", str(VENV)])
    mark_done("venv", wanted)


def install_requirements(path: Path) -> None:
    """Install the pinned packages of one file; pip refuses any whose hash is not the pinned one."""
    mark = fingerprint([path])
    if is_done(path.name, mark):
        return
    count = sum("==" in line for line in path.read_text().splitlines())
    run(
        f"Installing {count} Python packages ({path.name})",
        [*PIP_INSTALL, "--require-hashes", "-r", str(path)],
    )
    mark_done(path.name, mark)


def install_product() -> None:
    """Make the product importable and `tracker` a command of the virtual environment."""
    mark = fingerprint([ROOT / "pyproject.toml"])
    if is_done("product", mark) and (VENV / "bin" / "tracker").exists():
        return
    run("Installing the command line", [*PIP_INSTALL, "--no-build-isolation", "--editable", str(ROOT)])
    mark_done("product", mark)


def install_node_packages() -> None:
    """Install what the pages' style sheet and scripts are built from."""
    mark = fingerprint([ROOT / "package.json", ROOT / "package-lock.json"])
    if is_done("node", mark) and (ROOT / "node_modules").exists():
        return
    run("Installing the design system", [str(VENV / "bin" / "npm"), "ci", "--no-progress"], env=_with_node())
    mark_done("node", mark)


def build_assets() -> None:
    """Build the style sheet and scripts of the pages."""
    assets = ROOT / "gateway" / "assets"
    sources = [path for path in assets.rglob("*") if path.is_file() and assets / "dist" not in path.parents]
    mark = fingerprint([*sources, ROOT / "package-lock.json"])
    if is_done("assets", mark) and (assets / "dist").exists():
        return
    run("Building the style sheet", [str(VENV / "bin" / "npm"), "run", "build"], env=_with_node())
    mark_done("assets", mark)


def _with_node() -> dict[str, str]:
    return {**os.environ, "PATH": f"{VENV / 'bin'}:{os.environ.get('PATH', '')}"}


# --- Doing, and remembering what is done


def run(what: str, command: Sequence[str], *, env: Mapping[str, str] | None = None) -> None:
    """Run a step, with a sign of life every few seconds; its output goes to the log.

    :raises CannotStart: with the end of its output, when it fails
    """
    progress.say(what)
    LOG.parent.mkdir(parents=True, exist_ok=True)
    with LOG.open("wb") as log:
        process = subprocess.Popen(command, env=env, cwd=ROOT, stdout=log, stderr=subprocess.STDOUT)
        while process.poll() is None:
            try:
                process.wait(timeout=SAY_EVERY)
            except subprocess.TimeoutExpired:
                progress.say(f"  … {_last_line(LOG)}")
    if process.returncode:
        tail = "\n".join(LOG.read_text(errors="replace").splitlines()[-30:])
        raise children.CannotStart(f"{what} failed (`{' '.join(command)}`):\n{tail}")


def _last_line(path: Path) -> str:
    lines = path.read_text(errors="replace").strip().splitlines()
    return lines[-1].strip()[:90] if lines else "working"


def fingerprint(paths: Sequence[Path]) -> str:
    """Return a hash of the files' names and contents."""
    digest = hashlib.sha256()
    for path in sorted(paths):
        digest.update(str(path.relative_to(ROOT)).encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()


def is_done(step: str, mark: str) -> bool:
    """Say whether the step was done for what it would be done for now."""
    return _stamps().get(step) == mark


def mark_done(step: str, mark: str) -> None:
    """Remember that the step is done."""
    STAMPS.write_text(json.dumps(_stamps() | {step: mark}, indent=2) + "\n")


def _stamps() -> dict[str, str]:
    known: dict[str, str] = json.loads(STAMPS.read_text()) if STAMPS.exists() else {}
    return known


if __name__ == "__main__":
    raise SystemExit(main())

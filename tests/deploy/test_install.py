"""The installer: says exactly what to type, starts nothing, and does nothing twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from deploy.local import broker, children, install


class TestPackages:
    def test_are_asked_for_by_the_command_to_type_when_not_root(self) -> None:
        with pytest.raises(children.CannotStart) as refusal:
            install.install_packages(["python3-venv", "rabbitmq-server"], is_root=False)

        assert "sudo apt-get install python3-venv rabbitmq-server" in str(refusal.value)
        assert "AMQP_URI=" in str(refusal.value)

    def test_need_no_broker_where_one_is_given(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(broker, "SERVERS", ())

        assert "rabbitmq-server" in install.missing_packages(tests=False, bench=False, environ={})
        given = {"AMQP_URI": "amqp://elsewhere"}
        assert "rabbitmq-server" not in install.missing_packages(tests=False, bench=False, environ=given)

    def test_are_only_those_that_the_task_needs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(install.shutil, "which", lambda name: None)

        assert "chromium" not in install.missing_packages(tests=False, bench=False)
        assert "chromium" in install.missing_packages(tests=True, bench=False)
        assert "wrk" in install.missing_packages(tests=True, bench=True)
        assert {"curl", "jq"} <= set(install.missing_packages(tests=True, bench=False))
        assert not {"curl", "jq"} & set(install.missing_packages(tests=False, bench=False))

    def test_are_those_that_the_browsers_driver_is_linked_to(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("ctypes.util.find_library", lambda name: None)
        assert "libatomic1" in install.missing_packages(tests=True, bench=False)
        assert "libatomic1" not in install.missing_packages(tests=False, bench=False)

    def test_hold_letters_as_wide_as_those_on_a_ward(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        monkeypatch.setattr(install, "FONTS", tmp_path)
        assert "fonts-liberation" in install.missing_packages(tests=True, bench=False)
        assert "fonts-liberation" not in install.missing_packages(tests=False, bench=False)
        (tmp_path / "liberation2").mkdir()
        assert "fonts-liberation" not in install.missing_packages(tests=True, bench=False)

    def test_are_installed_under_a_rule_that_nothing_starts(self, tmp_path: Path) -> None:
        policy, kept = tmp_path / "policy-rc.d", tmp_path / "kept"

        with install.nothing_starts(policy, kept):
            assert policy.read_text() == "#!/bin/sh\nexit 101\n"
            assert policy.stat().st_mode & 0o111 == 0o111

        assert not policy.exists()

    @pytest.mark.parametrize("ends_badly", [False, True])
    def test_leave_the_computers_own_rule_as_it_was(self, tmp_path: Path, ends_badly: bool) -> None:
        policy, kept = tmp_path / "policy-rc.d", tmp_path / "kept"
        policy.write_text("their own")

        try:
            with install.nothing_starts(policy, kept):
                if ends_badly:
                    raise children.CannotStart("no network")
        except children.CannotStart:
            pass

        assert policy.read_text() == "their own"
        assert not kept.exists()


class TestPython:
    def test_that_is_too_old_is_refused_with_what_to_do(self) -> None:
        with pytest.raises(
            children.CannotStart, match=r"3\.11 or newer is needed; this is 3\.9\. .* make PYTHON="
        ):
            install.require_python((3, 9))


class TestSteps:
    def test_that_are_done_are_skipped_until_what_they_stand_on_changes(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(install, "STAMPS", tmp_path / "installed.json")
        monkeypatch.setattr(install, "ROOT", tmp_path)
        wanted = tmp_path / "requirements.txt"
        wanted.write_text("a==1\nb==2\n")
        done: list[str] = []
        monkeypatch.setattr(install, "run", lambda what, command, env=None: done.append(what))

        install.install_requirements(wanted)
        install.install_requirements(wanted)
        wanted.write_text("a==2\nb==2\n")
        install.install_requirements(wanted)

        assert done == ["Installing 2 Python packages (requirements.txt)"] * 2

    def test_that_fail_show_the_end_of_what_they_said(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(install, "LOG", tmp_path / "install.log")

        with pytest.raises(children.CannotStart, match="no such package"):
            install.run("Installing", ["/bin/sh", "-c", "echo no such package; exit 1"])


class TestRequirements:
    @pytest.mark.parametrize("name", ["requirements", "requirements-local", "requirements-dev"])
    def test_are_pinned_with_hashes_and_name_no_other_place(self, name: str) -> None:
        lines = (install.ROOT / f"{name}.txt").read_text().splitlines()

        pins = [line for line in lines if line and not line.startswith(("#", " "))]
        assert pins
        assert all("==" in line and line.endswith("\\") for line in pins)
        assert not [line for line in lines if line.lstrip().startswith("--") and "--hash=" not in line]

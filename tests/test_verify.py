"""Verification: which check fails for which damage, and `nsdc verify` on files, folders and what cannot be read."""

from __future__ import annotations

import os
import re
from pathlib import Path

import numpy as np
import pytest
from builders import LAYOUTS, arrays_for, edited, file_of, header_for
from malformed import MALFORMED

from nsdcodec.errors import DigestMismatch, FileAccess, MalformedFile, UnsupportedFeature, UnsupportedVersion
from nsdcodec.format.container.file import pack
from nsdcodec.format.verification import CHECKS, verify

pytest.importorskip("typer")

GOOD = file_of("pixels")


def with_digest_damaged() -> bytes:
    return GOOD[:-1] + bytes([GOOD[-1] ^ 1])


def with_an_image_beyond_float32() -> bytes:
    layout = LAYOUTS["one block"]
    return pack(header_for(layout), {role: np.full_like(values, 1e30) for role, values in arrays_for(layout).items()})


# What was done to a file, the state of each check in order (+ passed, - failed, . not reached), and the error.
DAMAGES = [
    (GOOD, "+++++++", None),
    (GOOD[:-1], "-......", MalformedFile),
    (edited(GOOD, header=lambda header: header.update(version=[9, 0])), "+-.....", UnsupportedVersion),
    (edited(GOOD, header=lambda header: header.update(require=["x"])), "+-.....", UnsupportedFeature),
    (with_digest_damaged(), "++-....", DigestMismatch),
    (edited(GOOD, header=lambda header: header.update(classes=[])), "+++-...", MalformedFile),
    (with_an_image_beyond_float32(), "++++++-", MalformedFile),
]


def spec_checks():
    """Check -> its rules, from the table of spec/errors.md."""
    text = (Path(__file__).parent.parent / "spec" / "errors.md").read_text()
    table = text[text.index("| check |") : text.index("## Malformed files")]
    return dict(re.findall(r"^\| ([a-z]+) \|.*\| (.+) \|$", table, re.MULTILINE)[1:])


def is_among(rule, rules):
    """Whether "NSD-A03" is among "H, A05" or "A01 to A04"."""
    name = rule.removeprefix("NSD-")
    ranges = [part.split(" to ") for part in rules.split(", ")]
    return any(name == span[0] or name[0] == span[0] or span[0] <= name <= span[-1] for span in ranges)


def failed(found):
    return next(check.name for check in found.checks if check.ok is False)


class TestVerification:
    @pytest.mark.parametrize(("data", "states", "error"), DAMAGES, ids=[states for _, states, _ in DAMAGES])
    def test_the_check_that_fails_is_the_one_of_the_damage(self, data, states, error):
        heard = []
        found = verify(data, heard.append)
        assert "".join({True: "+", False: "-", None: "."}[check.ok] for check in found.checks) == states
        assert tuple(check.name for check in found.checks) == CHECKS
        assert found.ok is (error is None)
        assert found.error is None if error is None else type(found.error) is error
        assert heard == [check for check in found.checks if check.ok is not None]

    @pytest.mark.parametrize(("rule", "what", "data"), MALFORMED, ids=[f"{rule} {what}" for rule, what, _ in MALFORMED])
    def test_a_rule_is_that_of_the_check_that_the_spec_names(self, rule, what, data):
        found = verify(data)
        assert found.error.rule == rule
        assert failed(found) in [name for name, rules in spec_checks().items() if is_among(rule, rules)]

    def test_what_cannot_be_read_fails_no_check(self, tmp_path):
        found = verify(tmp_path / "missing.nsd")
        assert isinstance(found.error, FileAccess)
        assert [check.ok for check in found.checks] == [None] * len(CHECKS)

    def test_the_names_are_those_of_the_spec_in_its_order(self):
        assert tuple(spec_checks()) == CHECKS


@pytest.fixture
def folder(tmp_path):
    """Two sound files, one cut short, one flipped; a text beside them."""
    (tmp_path / "sets" / "below").mkdir(parents=True)
    (tmp_path / "sets" / "b.nsd").write_bytes(GOOD)
    (tmp_path / "sets" / "a.nsd").write_bytes(GOOD[:-1])
    (tmp_path / "sets" / "below" / "c.nsd").write_bytes(GOOD)
    (tmp_path / "sets" / "below" / "d.nsd").write_bytes(with_digest_damaged())
    (tmp_path / "sets" / "notes.txt").write_text("not a set")
    return tmp_path / "sets"


def verify_command(*arguments):
    from test_cli import nsdc

    return nsdc("verify", *arguments)


class TestCommand:
    def test_a_line_for_each_check_of_a_sound_file(self, folder):
        ran = verify_command(folder / "b.nsd")
        assert ran.code == 0
        assert [line.split()[:2] for line in ran.out.splitlines()[:-1]] == [["ok", f"{name}:"] for name in CHECKS]
        assert ran.out.splitlines()[-1] == f"{folder / 'b.nsd'} is sound"

    def test_a_line_for_what_failed_and_for_what_was_not_reached(self, folder):
        ran = verify_command(folder / "below" / "d.nsd")
        assert ran.code == 4
        lines = ran.out.splitlines()
        assert lines[0].startswith("ok      framing: ")
        assert lines[1].startswith("ok      version: ")
        assert lines[2].startswith("FAILED  digest: ")
        assert lines[3:] == ["skipped header", "skipped arrays", "skipped layout", "skipped decoding"]

    def test_a_folder_is_every_file_below_it_by_name(self, folder):
        ran = verify_command(folder, "--json")
        assert [entry["file"] for entry in ran.json] == [
            str(folder / name) for name in ("a.nsd", "b.nsd", "below/c.nsd", "below/d.nsd")
        ]
        assert [entry["ok"] for entry in ran.json] == [False, True, True, False]
        assert [entry["rule"] for entry in ran.json] == ["NSD-F01", None, None, None]
        assert [check["name"] for check in ran.json[3]["checks"]] == list(CHECKS)
        assert [check["ok"] for check in ran.json[3]["checks"]] == [True, True, False, None, None, None, None]
        assert "SHA-256" in ran.json[3]["error"]

    def test_several_end_with_a_summary_and_the_highest_exit_code(self, folder):
        ran = verify_command(folder, folder / "b.nsd")
        assert ran.code == 4
        wanted = f"5 files: 3 sound, 2 not: {folder / 'a.nsd'}, {folder / 'below' / 'd.nsd'}"
        assert ran.out.splitlines()[-1] == wanted
        assert verify_command(folder / "b.nsd", folder / "below" / "c.nsd").code == 0

    def test_the_summary_names_no_more_than_a_few(self, folder):
        for number in range(9):
            (folder / f"z{number}.nsd").write_bytes(b"")
        assert verify_command(folder).out.splitlines()[-1].endswith(f"{folder / 'z2.nsd'}, and 6 more")

    def test_the_only_file_of_a_folder_is_named(self, folder):
        (folder / "below" / "c.nsd").unlink()
        ran = verify_command(folder / "below")
        assert ran.out.splitlines()[0] == str(folder / "below" / "d.nsd")
        assert ran.out.splitlines()[-1].startswith("1 file: 0 sound, 1 not")

    def test_a_file_that_is_not_there_is_reported_and_the_others_go_on(self, folder):
        ran = verify_command(folder / "gone.nsd", folder / "b.nsd", "--json")
        assert ran.code == 7
        assert [entry["ok"] for entry in ran.json] == [False, True]
        assert "gone.nsd" in ran.json[0]["error"]
        assert [check["ok"] for check in ran.json[0]["checks"]] == [None] * len(CHECKS)

    def test_a_file_that_vanishes_meanwhile_is_reported_and_the_others_go_on(self, folder, monkeypatch):
        import nsdcodec.format.verification as verification

        real = verification.verify

        def and_then_one_goes(source, report):
            (folder / "b.nsd").unlink(missing_ok=True)
            return real(source, report)

        monkeypatch.setattr(verification, "verify", and_then_one_goes)
        ran = verify_command(folder, "--json")
        assert [entry["ok"] for entry in ran.json] == [False, False, True, False]
        assert "b.nsd" in ran.json[1]["error"]

    def test_a_folder_without_a_file_says_so(self, tmp_path, folder):
        (tmp_path / "empty").mkdir()
        ran = verify_command(tmp_path / "empty", folder / "b.nsd")
        assert ran.code == 7
        assert "without any .nsd file" in ran.out
        assert "2 files: 1 sound, 1 not" in ran.out

    @pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root reads everything")
    def test_a_folder_that_cannot_be_listed_is_not_passed_over(self, folder):
        (folder / "below").chmod(0)
        try:
            ran = verify_command(folder)
        finally:
            (folder / "below").chmod(0o755)
        assert ran.code == 7
        assert "cannot list" in ran.out

    def test_a_link_that_leads_nowhere_is_not_passed_over(self, tmp_path):
        (tmp_path / "link.nsd").symlink_to(tmp_path / "nowhere.nsd")
        assert verify_command(tmp_path).code == 7

    def test_no_secret_of_a_url_is_printed(self):
        ran = verify_command("memory://user:PASSWORD@missing.nsd?token=SECRET", "--json")
        assert ran.code == 7
        assert "PASSWORD" not in ran.out
        assert "SECRET" not in ran.out

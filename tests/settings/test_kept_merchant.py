"""What development keeps of the sandbox's merchant and of its settings: files for their owner alone."""

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from sandbox.server import create_server
from server.development import FOLDER, keep_environment, keep_merchant, own_secret_key
from server.merchant import faults_of_merchant
from server.settings import read_settings
from tests import canaries


@dataclass(frozen=True)
class _Merchant:
    """Keys that are none; only where they are put is looked at."""

    mchid: str = "1900005440"
    serial: str = "4ABCDEF0"
    private_key_pem: str = "private key one\n"
    apiv3_key: str = "0123456789abcdef0123456789ABCDEF"
    public_key_id: str = "PUB_KEY_ID_01"
    public_key_pem: str = "public key one\n"


def kept(folder: Path) -> dict[str, tuple[str, int]]:
    return {path.name: (path.read_text(), path.stat().st_mode & 0o777) for path in folder.iterdir()}


def test_the_settings_are_a_whole_account() -> None:
    merchant = create_server(port=0, embedded=True).wechat.pay.merchant
    canaries.add(merchant.apiv3_key)

    given = keep_merchant(merchant)

    settings = read_settings(_env_file=None, environment="development", **given)
    assert faults_of_merchant(settings) == []
    assert settings.takes_payments
    assert (settings.mchid, settings.mch_serial) == (merchant.mchid, merchant.serial)
    assert {path.name for path in FOLDER.iterdir()} == {"apiclient_key.pem", "pub_key.pem"}


def test_the_keys_are_for_their_owner_alone(tmp_path: Path) -> None:
    keep_merchant(_Merchant(), tmp_path / "folder")

    assert (tmp_path / "folder").stat().st_mode & 0o777 == 0o700
    assert kept(tmp_path / "folder") == {
        "apiclient_key.pem": ("private key one\n", 0o600),
        "pub_key.pem": ("public key one\n", 0o600),
    }


def test_the_keys_of_another_sandbox_replace_them_whole(tmp_path: Path) -> None:
    # given
    keep_merchant(_Merchant(private_key_pem="a much longer private key\n"), tmp_path)
    key = own_secret_key(tmp_path)

    # when
    given = keep_merchant(_Merchant(private_key_pem="private key two\n", public_key_pem="public key two\n"), tmp_path)

    # then
    assert kept(tmp_path) == {
        "apiclient_key.pem": ("private key two\n", 0o600),
        "pub_key.pem": ("public key two\n", 0o600),
        "secret_key": (f"{key}\n", 0o600),
    }
    assert given["mch_key_file"] == tmp_path / "apiclient_key.pem"
    assert given["pay_public_key_file"] == tmp_path / "pub_key.pem"


def test_the_environment_is_sourced_by_a_shell_as_it_was_given(tmp_path: Path) -> None:
    # given
    given = {
        "port": 8000,
        "database_url": "postgres://user:it's $HOME@db/shop",
        "apps": [{"appid": "wx12345", "secret": 'a "secret"', "name": "茶"}],
        "mch_key_file": Path("apiclient_key.pem"),
        "appid": None,
    }

    # when
    path = keep_environment(given, tmp_path)

    # then
    command = f". {path} && env -0"
    done = subprocess.run(["/bin/sh", "-c", command], env={}, capture_output=True, timeout=10, check=True)
    shown = dict(line.split("=", 1) for line in done.stdout.decode().split("\0") if line.startswith("APPLETQL_"))
    assert json.loads(shown.pop("APPLETQL_APPS")) == given["apps"]
    assert shown == {
        "APPLETQL_PORT": "8000",
        "APPLETQL_DATABASE_URL": "postgres://user:it's $HOME@db/shop",
        "APPLETQL_MCH_KEY_FILE": str(Path.cwd() / "apiclient_key.pem"),
    }
    assert path.stat().st_mode & 0o777 == 0o600


def test_a_folder_that_is_a_file_is_an_error_and_stays(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")

    with pytest.raises(OSError, match="file"):
        keep_merchant(_Merchant(), tmp_path / "file")

    assert (tmp_path / "file").read_text() == "in the way"

"""The Python environment that the peer and the scripts beside it run in."""

import fcntl
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
VENV = os.path.abspath(os.path.expanduser(os.environ.get("AWSPEER_VENV") or "~/.cache/awspeer-venv"))
PYTHON = os.path.join(VENV, "bin", "python3")
REQUIREMENTS = os.path.join(os.path.dirname(HERE), "requirements.txt")


def complete():
    return subprocess.call([PYTHON, "-c", "import cbor2, boto3, moto.moto_server.werkzeug_app"], stderr=subprocess.DEVNULL) == 0


def install():
    """Makes the environment; of several processes one does it and the others wait."""
    os.makedirs(os.path.dirname(VENV), exist_ok=True)
    with open(VENV + ".lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if os.path.exists(PYTHON) and complete():
            return
        print(f"awspeer: installing moto into {VENV}", file=sys.stderr, flush=True)
        if not os.path.exists(PYTHON):
            subprocess.check_call([sys.executable, "-m", "venv", VENV])
        subprocess.check_call([PYTHON, "-m", "pip", "-q", "--disable-pip-version-check", "install", "-r", REQUIREMENTS])


def enter():
    """Goes on in the environment, which is made, or completed, where it is not there."""
    inside = os.path.realpath(sys.prefix) == os.path.realpath(VENV)
    if inside:
        try:
            import boto3, cbor2, moto.moto_server.werkzeug_app  # noqa: F401, E401
            return
        except ImportError:
            if os.environ.get("AWSPEER_INSTALLED"):
                raise
    if inside or not os.path.exists(PYTHON):
        install()
        os.environ["AWSPEER_INSTALLED"] = "1"
    os.execv(PYTHON, [PYTHON, os.path.abspath(sys.argv[0])] + sys.argv[1:])

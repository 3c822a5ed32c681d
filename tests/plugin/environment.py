"""A fresh virtual environment beside the server: what is installed there, the tests do not see."""

import os
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

_COMMANDS = {
    "bunga": "from bunga_cli.__main__ import main",
    "pip": "from pip._internal.cli.main import main",
    "pytest": "from pytest import main",
}


@dataclass(frozen=True)
class Environment:
    """An environment. Its `pip` needs no network and builds with what the tests have."""

    folder: Path

    @property
    def python(self) -> str:
        return str(self.folder / "bin" / "python")

    def run(self, command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
        """Run a command as in a shell with the environment active; return what both streams say."""
        pip = {"NO_INDEX": "1", "NO_DEPS": "1", "NO_BUILD_ISOLATION": "0"}
        environ = {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "HOME": str(self.folder),
            "PIP_DISABLE_PIP_VERSION_CHECK": "1",
            "PIP_ROOT_USER_ACTION": "ignore",
            "PYTHONUTF8": "1",
            **{f"PIP_{name}": value for name, value in pip.items()},
        }
        return subprocess.run(
            ["bash", "-c", command],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=300,
            cwd=cwd,
            env=environ,
        )


def make_environment(folder: Path) -> Environment:
    """Make an environment that has all that this one has, and a place for more."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    environment = Environment(folder)
    bases = {"base": str(folder), "platbase": str(folder)}
    packages = Path(sysconfig.get_path("purelib", "venv", vars=bases))
    ours = sorted({sysconfig.get_path("purelib"), sysconfig.get_path("platlib")})
    lines = [f"import site; site.addsitedir({path!r})" for path in ours]
    (packages / "beside.pth").write_text("\n".join(lines) + "\n")
    for name, line in _COMMANDS.items():
        script = folder / "bin" / name
        script.write_text(f"#!{environment.python}\nimport sys\n\n{line}\n\nsys.exit(main())\n")
        script.chmod(0o755)
    return environment

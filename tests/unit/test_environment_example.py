"""Does .env.example name every setting, and nothing else?"""

import importlib
import os
import pkgutil
import re
import subprocess
from pathlib import Path

import pytest

from temporaletl.settings import Settings

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / ".env.example"
SOURCES = [path.name.upper() for path in (ROOT / "worker" / "sources").iterdir() if path.name[0] != "_"]

# Read by Temporal's own client configuration, not by a model of ours.
TEMPORALS_OWN = re.compile(r"TEMPORAL_(ADDRESS|API_KEY|PROFILE|CONFIG_FILE|TLS(_[A-Z_]+)?)")
# Settings of every source, with its name in front.
PER_SOURCE = {"REQUESTS_PER_SECOND"}
# An example is more telling than the default, which is none at all.
ONLY_EXAMPLES = {"TEMPORAL_METRICS_ADDRESS", "JIRA_FIELDS", "JIRA_PROMOTED_FIELDS", "JIRA_BASE_URL"}


def example() -> dict[str, str]:
    """What the example says of each variable, commented out or not."""
    return dict(re.findall(r"(?m)^#?([A-Z][A-Z0-9_]*)=(.*)$", EXAMPLE.read_text()))


def settings_models() -> list[type[Settings]]:
    """Every settings model of the product, wherever it is defined."""
    for package in ("temporaletl", "queuer", "worker"):
        root = importlib.import_module(package)
        for module in pkgutil.walk_packages(root.__path__, f"{package}."):
            if module.name.endswith(("settings", "environment")):
                importlib.import_module(module.name)
    return Settings.__subclasses__()


def variables_of(model: type[Settings]) -> dict[str, object]:
    """The default of each variable that *model* reads."""
    prefix = str(model.model_config.get("env_prefix") or "")
    found = {
        str(field.validation_alias or f"{prefix}{name}".upper()): field.default
        for name, field in model.model_fields.items()
    }
    return {
        variable: default
        for name, default in found.items()
        for variable in ([f"{source}_{name}" for source in SOURCES] if name in PER_SOURCE else [name])
    }


@pytest.mark.parametrize("model", settings_models(), ids=lambda model: model.__name__)
def test_every_setting_is_in_the_example(model: type[Settings]) -> None:
    assert set(variables_of(model)) - set(example()) == set()


def test_the_example_names_nothing_that_nobody_reads() -> None:
    read = {name for model in settings_models() for name in variables_of(model)}
    unread = {name for name in set(example()) - read if not TEMPORALS_OWN.fullmatch(name)}

    assert unread == set()


@pytest.mark.parametrize("model", settings_models(), ids=lambda model: model.__name__)
def test_a_default_in_the_example_is_the_models_own(model: type[Settings]) -> None:
    defaults = {
        name: f"{default:g}" if isinstance(default, float) else str(default)
        for name, default in variables_of(model).items()
        if isinstance(default, str | int | float) and name not in ONLY_EXAMPLES
    }
    said = {name: text for name, text in example().items() if name in defaults}

    assert {name: text.casefold() for name, text in said.items()} == {
        name: text.casefold() for name, text in defaults.items()
    }


def test_a_shell_can_load_the_example_with_everything_uncommented(tmp_path: Path) -> None:
    everything = tmp_path / "all.env"
    everything.write_text(re.sub(r"(?m)^#(?=[A-Z])", "", EXAMPLE.read_text()))

    loaded = subprocess.run(
        ["sh", "-euc", f"set -a; . {everything}; env"],
        check=True,
        capture_output=True,
        text=True,
        env={"PATH": os.environ["PATH"]},
    )

    assert loaded.stderr == ""
    assert set(example()) <= {line.split("=")[0] for line in loaded.stdout.splitlines()}

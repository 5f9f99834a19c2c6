"""Which packages are built; all else stands in pyproject.toml."""

from setuptools import find_packages, setup

setup(
    packages=[*find_packages(include=["nsdcodec", "nsdcodec.*"]), "nsdcodec_cli", "nsdcodec.zoo"],
    # So that no package called "cli" or "zoo" appears in anyone's environment.
    package_dir={"nsdcodec_cli": "cli", "nsdcodec.zoo": "zoo"},
)

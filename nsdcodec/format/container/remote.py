"""Fetch the bytes of a file by its URL, through fsspec, up to a limit.

Every scheme that fsspec knows works: http and https need the extra `remote`; s3, gs and hf need the packages s3fs,
gcsfs and huggingface_hub; file and memory need nothing more. fsspec's backend finds the credentials (in its environment
variables and files, or as `user:password@` in the URL); error messages never repeat them.
"""

from __future__ import annotations

import re
from typing import Any

from nsdcodec.errors import FileAccess, MalformedFile, MissingData, UnknownName
from nsdcodec.format.container.stream import read_at_most

# Of HTTP. The other backends have their own, and settings for them.
SILENCE_SECONDS = 30.0  # to connect, and between two pieces of an answer
TOTAL_SECONDS = 600.0  # of one answer, however it trickles

# At least two letters: "C:" is a drive.
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]+)://")
# Scheme, credentials, path, query; a path ends at "::", where fsspec chains another URL to it.
_URL = re.compile(r"""([A-Za-z][A-Za-z0-9+.-]+://)([^/?#\s'"]*@)?((?:(?!::)[^?#\s'"])*)([?#][^\s'"]*)?""")


def is_url(source: object) -> bool:
    """Whether it is a text that begins with a scheme and "://"; all else is a local path."""
    return isinstance(source, str) and _SCHEME.match(source) is not None


def without_secrets(text: str) -> str:
    """The text with `user:password@` and the query of every URL in it left out: tokens and signatures stand there."""
    return _URL.sub(lambda found: found[1] + found[3] + ("?..." if found[4] else ""), text)


def fetch(url: str, limit: int) -> bytes:
    """The bytes behind a URL, at most `limit` + 1 of them: the size that the server states is looked at first, and
    whatever it states, no more is read. Raises MalformedFile (F02) for a stated size above the limit, UnknownName for a
    scheme that fsspec does not know, MissingData where its package is not installed, FileAccess for everything that the
    backend raises."""
    scheme = url.partition("://")[0].lower()
    filesystem, path = _filesystem(url, scheme)
    try:
        # As one stream: fsspec's ranges of HTTP are held whole in memory, however long the answer to one is.
        options: dict[str, Any] = {"block_size": 0} if scheme in ("http", "https") else {}
        found = filesystem.info(path)
        if found.get("type") == "directory":
            raise IsADirectoryError("it is a folder; give the URL of a file")
        size = found.get("size")
        if size is None or size <= limit:
            with filesystem.open(path, "rb", **options) as stream:
                data = read_at_most(stream, limit)
    except Exception as error:  # a backend raises what it likes: OSError, aiohttp's, botocore's own
        # Not `from error`: a traceback would print the URL with all that is secret in it.
        raise FileAccess(f"cannot read {without_secrets(url)}: {_reason(error, url)}") from None
    if size is not None and size > limit:
        raise MalformedFile("NSD-F02", f"{without_secrets(url)} has {size:,} bytes; the limit is {limit:,}")
    return data


def _filesystem(url: str, scheme: str) -> tuple[Any, str]:
    """fsspec's file system for the URL, and the path on it."""
    try:
        from fsspec import available_protocols
        from fsspec.config import conf
        from fsspec.core import url_to_fs
    except ImportError as error:
        raise MissingData(f"a URL needs {error.name}: pip install 'nsdcodec[remote]'") from error
    if scheme not in available_protocols():
        raise UnknownName("URL scheme", scheme, available_protocols())
    try:
        options: dict[str, Any] = {}
        if scheme in ("http", "https"):
            from aiohttp import ClientTimeout

            timeout = ClientTimeout(total=TOTAL_SECONDS, sock_connect=SILENCE_SECONDS, sock_read=SILENCE_SECONDS)
            # trust_env: proxies and .netrc, as every other client has them. What the user configured for fsspec wins.
            options["client_kwargs"] = {"timeout": timeout, "trust_env": True} | conf.get(scheme, {}).get(
                "client_kwargs", {}
            )
        return url_to_fs(url, **options)  # type: ignore[no-any-return]
    except ImportError as error:
        remedy = "pip install 'nsdcodec[remote]'" if scheme in ("http", "https") else str(error)
        raise MissingData(f"{scheme}:// needs a package that is not installed: {remedy}") from error
    except Exception as error:  # a URL that the backend cannot take apart, credentials that it cannot find
        raise FileAccess(f"cannot read {without_secrets(url)}: {_reason(error, url)}") from None


def _reason(error: Exception, url: str) -> str:
    """What went wrong at the bottom of it: fsspec's HTTP says "not found" of every refusal, and what it was below."""
    while isinstance(error.__cause__, Exception):
        error = error.__cause__
    text = without_secrets(error.strerror if isinstance(error, OSError) and error.strerror else str(error))
    for _, credentials, _, query in _URL.findall(url):  # where the text quotes the URL without its scheme
        for secret in filter(None, (credentials, query)):
            text = text.replace(secret, "...")
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

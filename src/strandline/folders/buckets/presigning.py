"""Signed addresses: one version of an object, for those who have the address, for a short time (SPEC §24).

The library signs no query of its own, and the version and the headers of the answer must be part of what is signed.
So this is done here, as AWS documents it: *Authenticating Requests: Using Query Parameters* (Version 4). Pure.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import datetime
from typing import NamedTuple
from urllib.parse import quote, urlsplit


class Credentials(NamedTuple):
    """What signs. It is never shown: the secret is in no address."""

    access_key: str
    secret_key: str
    session_token: str

    def __repr__(self) -> str:
        """Without the secret."""
        return "Credentials(…)"


def read_credentials(environment: Mapping[str, str]) -> Credentials | None:
    """Those in the environment, as the library reads them. None if there are none: the library alone knows those of a
    machine's role.
    """
    access_key, secret_key = environment.get("AWS_ACCESS_KEY_ID"), environment.get("AWS_SECRET_ACCESS_KEY")
    if not access_key or not secret_key:
        return None
    return Credentials(access_key, secret_key, environment.get("AWS_SESSION_TOKEN", ""))


def presign(
    address: str,
    asked: Mapping[str, str],
    credentials: Credentials,
    *,
    region: str,
    at: datetime,
    life_s: int,
) -> str:
    """The address for a GET of what is there, with these parameters, from ``at`` (UTC) on.

    ``address`` is percent-encoded, without a query, and as the one who gets it reaches it.
    """
    host = urlsplit(address)
    moment = at.strftime("%Y%m%dT%H%M%SZ")
    scope = f"{moment[:8]}/{region}/s3/aws4_request"
    query = {
        **asked,
        "X-Amz-Algorithm": "AWS4-HMAC-SHA256",
        "X-Amz-Credential": f"{credentials.access_key}/{scope}",
        "X-Amz-Date": moment,
        "X-Amz-Expires": str(life_s),
        "X-Amz-SignedHeaders": "host",
    }
    if credentials.session_token:
        query["X-Amz-Security-Token"] = credentials.session_token
    pairs = sorted((quote(name, safe="-._~"), quote(value, safe="-._~")) for name, value in query.items())
    told = "&".join(f"{name}={value}" for name, value in pairs)
    request = "\n".join(("GET", host.path, told, f"host:{host.netloc}", "", "host", "UNSIGNED-PAYLOAD"))
    text = "\n".join(("AWS4-HMAC-SHA256", moment, scope, hashlib.sha256(request.encode()).hexdigest()))
    signer = f"AWS4{credentials.secret_key}".encode()
    for part in scope.split("/"):
        signer = hmac.digest(signer, part.encode(), "sha256")
    signature = hmac.new(signer, text.encode(), "sha256").hexdigest()
    return f"{address}?{told}&X-Amz-Signature={signature}"

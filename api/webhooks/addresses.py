"""Which addresses the service may be made to ask: none inside the house unless a setting allows it (SSRF)."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from typing import Final
from urllib.parse import SplitResult, urlsplit

from qa_pipeline.errors import InputError

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
METADATA: Final[frozenset[Address]] = frozenset(
    map(
        ipaddress.ip_address,
        ("100.100.100.200", "168.63.129.16", "192.0.0.192", "fd00:ec2::254", "fd20:ce::254"),
    )
)
"""Beside link-local addresses, where clouds keep credentials: Alibaba, Azure, Oracle, Amazon, Google."""
_PROTOCOLS: Final = ipaddress.IPv4Network("192.0.0.0/24")
"""Of the internet's own protocols (RFC 6890); Python counts most of them as global."""
_CARRYING: Final = tuple(map(ipaddress.IPv6Network, ("64:ff9b::/96", "::ffff:0:0:0/96", "::/96")))
"""Their last four bytes are an address of IPv4 (RFC 6052 NAT64, RFC 7915, RFC 4291); those that Python knows
itself are not among them."""


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where to connect: the address that was checked, for a name may mean another one a moment later."""

    url: SplitResult
    host: str
    port: int
    address: str


def checked(url: str, *, private: bool) -> Receiver:
    """The receiver behind the URL. ``private``: plain http and addresses of the own network are allowed.

    Raises InputError for what may not be asked (never where clouds keep their credentials), and for a name
    that is not known.
    """
    try:
        parts = urlsplit(url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError as error:
        raise InputError("接收地址无法识别：请写成 https://主机/路径。") from error
    if parts.scheme not in ("https", "http") or not parts.hostname or parts.username or parts.password:
        raise InputError("接收地址须为 https://主机/路径，且不含用户名和密码。")
    if parts.scheme == "http" and not private:
        raise InputError("接收地址须使用 https，明文 http 会泄露内容。")
    try:
        found = socket.getaddrinfo(parts.hostname, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise InputError(f"接收地址的主机 {parts.hostname} 解析不到：请核对地址。") from error
    addresses = [str(row[4][0]) for row in found]
    if any(_keeps_credentials(address) for address in addresses):
        raise InputError(
            f"主机 {parts.hostname} 是本机链路地址或云平台的元数据地址，不能作为接收地址：请换一个地址。"
        )
    if not private and not all(_is_public(address) for address in addresses):
        raise InputError(
            f"主机 {parts.hostname} 是内网地址，不能作为接收地址："
            "如确需要，请管理员设置 HUIJIAN_WEBHOOKS_TO_PRIVATE_ADDRESSES。"
        )
    return Receiver(url=parts, host=parts.hostname, port=port, address=addresses[0])


def _keeps_credentials(address: str) -> bool:
    found = _inner(address)
    return found.is_link_local or found in METADATA


def _is_public(address: str) -> bool:
    found = _inner(address)
    if isinstance(found, ipaddress.IPv4Address):
        special = found in _PROTOCOLS
    else:
        special = found.is_reserved or found.is_site_local
    return found.is_global and not found.is_multicast and not special


def _inner(address: str) -> Address:
    """The address; of IPv6 that carries one of IPv4, that one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if not isinstance(found, ipaddress.IPv6Address):
        return found
    if any(found in network for network in _CARRYING):
        return ipaddress.IPv4Address(found.packed[-4:])
    return found.ipv4_mapped or found.sixtofour or found

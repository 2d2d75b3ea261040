"""Which addresses the service may be made to ask: none inside the house unless a setting allows it (SSRF)."""

from __future__ import annotations

import ipaddress
import socket
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from qa_pipeline.errors import InputError


@dataclass(frozen=True, slots=True)
class Receiver:
    """Where to connect: the address that was checked, for a name may mean another one a moment later."""

    url: SplitResult
    host: str
    port: int
    address: str


def checked(url: str, *, private: bool) -> Receiver:
    """The receiver behind the URL. ``private``: plain http and addresses of the own network are allowed.

    Raises InputError for what may not be asked (link-local addresses never: there clouds keep their
    credentials), and for a name that is not known.
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
    if any(_inner(address).is_link_local for address in addresses):
        raise InputError(f"主机 {parts.hostname} 是本机链路地址，不能作为接收地址：请换一个地址。")
    if not private and not all(_is_public(address) for address in addresses):
        raise InputError(
            f"主机 {parts.hostname} 是内网地址，不能作为接收地址："
            "如确需要，请管理员设置 HUIJIAN_WEBHOOKS_TO_PRIVATE_ADDRESSES。"
        )
    return Receiver(url=parts, host=parts.hostname, port=port, address=addresses[0])


def _is_public(address: str) -> bool:
    found = _inner(address)
    return found.is_global and not found.is_multicast


def _inner(address: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address:
    """The address; of IPv6 that carries one of IPv4, that one."""
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        return found.ipv4_mapped or found.sixtofour or found
    return found

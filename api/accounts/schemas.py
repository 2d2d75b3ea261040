"""What the routes of accounts take and give."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, SecretStr, StringConstraints

from api.access import Permission
from api.accounts.passwords import LONGEST, RULES
from api.accounts.tables import Language, Role
from api.fields import Code, Given, Instant, Line, example

Login = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[\w.@-]+$")]
"""Never with a colon, which marks the keys of other systems in the audit trail."""
Password = Annotated[SecretStr, Field(min_length=1, max_length=LONGEST)]
PersonRole = Annotated[Role, Field(description="角色：manager、qa、head_office 或 administrator")]


class Credentials(Given):
    """Sign in with a password."""

    login: Annotated[
        str, Field(min_length=1, max_length=64, description="登录名，不分大小写", examples=["wang.fang"])
    ]
    password: Password


class PasswordChange(Given):
    """Old and new password."""

    old: Password
    new: Annotated[Password, Field(description=f"新密码：{RULES}")]


class Me(BaseModel):
    """Who the caller is and what the caller may do."""

    model_config = ConfigDict(
        json_schema_extra=example(
            actor="wang.fang",
            name="王芳",
            role="manager",
            permissions=["read_meetings", "upload"],
            institution="350102",
            institution_name="鼓楼支公司",
            must_change_password=False,
            csrf_token="…",  # noqa: S106
            expires_at="2026-09-08T23:55:00+08:00",
            identity_provider=False,
        )
    )

    actor: str = Field(description="登录名；API 密钥为 key:名称")
    name: str
    role: Role
    permissions: list[Permission]
    institution: str | None = Field(description="机构：管辖范围的顶端；null 为全部")
    institution_name: str | None
    must_change_password: bool = Field(description="为 true 时须先修改密码，其他接口一律拒绝")
    csrf_token: str | None = Field(description="修改类请求须放入 X-CSRF-Token 头；API 密钥不需要")
    expires_at: Instant | None = Field(description="登录到期时间")
    identity_provider: bool = Field(description="本服务是否接入统一身份登录")


class NewAccount(Given):
    """A new account."""

    model_config = ConfigDict(
        json_schema_extra=example(login="wang.fang", name="王芳", role="manager", institution="350102")
    )

    login: Annotated[Login, Field(description="登录名，转为小写保存")]
    name: Line
    role: PersonRole
    institution: Code | None = Field(None, description="机构：管辖范围的顶端；经理必填；null 为全部")
    person: Code | None = Field(None, description="对应的人员工号")
    subject: Line | None = Field(None, description="统一身份，即其中的 sub")
    with_password: bool = Field(True, description="用密码登录；false：只能通过统一身份登录")


class AccountChange(Given):
    """What to change; fields left out stay."""

    model_config = ConfigDict(json_schema_extra=example(role="qa", institution="35"))

    name: Line | None = None
    role: PersonRole | None = None
    institution: Code | None = Field(None, description="机构；null 为全部机构")
    person: Code | None = None
    subject: Line | None = None
    disabled: bool | None = None


class AccountOut(BaseModel):
    """One account, without secrets."""

    model_config = ConfigDict(
        json_schema_extra=example(
            login="wang.fang",
            name="王芳",
            role="manager",
            institution="350102",
            person="1001",
            subject=None,
            has_password=True,
            must_change_password=False,
            disabled=False,
            locked_until=None,
            created_at="2026-09-01T09:00:00+08:00",
        )
    )

    login: str
    name: str
    role: Role
    institution: str | None = Field(description="机构：管辖范围的顶端；null 为全部")
    person: str | None
    subject: str | None
    has_password: bool
    must_change_password: bool
    disabled: bool
    locked_until: Instant | None
    created_at: Instant


class OneTimePassword(BaseModel):
    """Shown this once; to be changed at the first sign-in."""

    account: AccountOut
    one_time_password: str | None = Field(description="只显示这一次；首次登录后须修改")


class NewKey(Given):
    """A key for another system."""

    model_config = ConfigDict(
        json_schema_extra=example(
            name="人力系统", permissions=["read_compliance"], institution="35", days=365
        )
    )

    name: Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[\w.@ -]+$")]
    permissions: Annotated[list[Permission], Field(min_length=1, description="权限：须是创建者自己也有的")]
    institution: Code | None = Field(None, description="机构：管辖范围的顶端；null 为全部")
    days: Annotated[int, Field(ge=1, le=3650)] | None = Field(365, description="有效天数；null 为不到期")


class KeyOut(BaseModel):
    """One key; the key itself is not kept and cannot be shown again."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=3,
            name="人力系统",
            permissions=["read_compliance"],
            institution="35",
            created_by="admin",
            created_at="2026-09-01T09:00:00+08:00",
            expires_at="2027-09-01T09:00:00+08:00",
            revoked_at=None,
            last_used_at="2026-09-08T11:55:00+08:00",
        )
    )

    id: int
    name: str
    permissions: list[str]
    institution: str | None
    created_by: str
    created_at: Instant
    expires_at: Instant | None
    revoked_at: Instant | None
    last_used_at: Instant | None = Field(description="精确到分钟")


class KeyShown(BaseModel):
    """Shown this once."""

    key: str = Field(description="只显示这一次；放入 Authorization: Bearer 头")
    details: KeyOut


class AuditOut(BaseModel):
    """Who saw or changed what."""

    model_config = ConfigDict(
        json_schema_extra=example(
            id=812,
            at="2026-09-08T11:58:12+08:00",
            actor="wang.fang",
            action="account.change",
            kind="account",
            code="li.na",
            institution="350102",
            detail={"role": "qa", "disabled": False, "fields": "role"},
            request_id="9048fc3fb0883b3e",
            address="10.0.0.7",
        )
    )

    id: int
    at: Instant
    actor: str
    action: str
    kind: str
    code: str
    institution: str | None
    detail: dict[str, Any]
    request_id: str
    address: str | None


class LanguageIn(Given):
    """In which language the console is shown to the caller."""

    model_config = ConfigDict(json_schema_extra=example(language="en"))

    language: Language

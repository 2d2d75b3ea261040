"""What is wrong with a command as it was typed, as one sentence in Chinese; Typer says it in English."""

from __future__ import annotations

import re
from typing import Any, Final

import typer

from qa_pipeline.source import nearest

UsageError: Final[type[Exception]] = typer.BadParameter.__mro__[1]
"""Anything typed that no command takes; Typer names only one kind of it in public."""


def is_help(error: Exception) -> bool:
    """Whether nothing was typed at all, which is answered by the help."""
    return type(error).__name__ == "NoArgsIsHelpError"


def sentence(error: Any) -> str:
    """What is wrong, where, and where to look it up."""
    path = error.ctx.command_path if error.ctx is not None else "huijian"
    return f"{_wrong(error)}：用 {path} --help 查看写法。"


def _wrong(error: Any) -> str:
    said, param = error.message, getattr(error, "param", None)
    kind = type(error).__name__
    if kind == "NoSuchOption":
        known = [name for one in error.ctx.command.params for name in one.opts + one.secondary_opts]
        return f"没有「{error.option_name}」这个选项，{nearest(error.option_name, [*known, '--help'])}"
    if kind == "BadOptionUsage":
        need = "不带值" if "not take a value" in said else "后面要写上值"
        return f"选项「{error.option_name}」{need}"
    if kind == "MissingParameter" and param is not None:
        return f"缺少「{_name(param)}」" + (f"（{param.help}）" if param.help else "")
    if param is not None:
        return f"「{_name(param)}」的值不对，{_wanted(param.type)}"
    if command := re.match(r"No such command '(.*?)'", said):
        return f"没有「{command[1]}」这个命令，{nearest(command[1], error.ctx.command.commands)}"
    if extra := re.match(r"Got unexpected extra arguments? ?(?:\(s\) )?\((.*)\)", said, re.DOTALL):
        return f"多出了「{extra[1]}」（名字里有空格时要加引号）"
    return f"命令的写法不对（{said}）"


def _name(param: Any) -> str:
    return str(param.opts[0] if param.param_type_name == "option" else param.name)


def _wanted(kind: Any) -> str:
    if choices := getattr(kind, "choices", None):
        return f"可以写 {'、'.join(str(getattr(one, 'value', one)) for one in choices)}"
    if getattr(kind, "formats", None):
        return "要写日期，如 2026-11-28"
    least, most = getattr(kind, "min", None), getattr(kind, "max", None)
    if least is not None and most is not None:
        return f"要写 {least} 到 {most} 的整数"
    if least is not None:
        return f"要写不小于 {least} 的整数"
    return "要写整数" if "int" in str(getattr(kind, "name", "")) else "请核对"

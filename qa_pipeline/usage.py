"""How a command is written, and what is wrong with one as it was typed, in Chinese.

Typer says both in English, and cuts off what is explained where it finds no space to break a line at.
"""

from __future__ import annotations

import re
import shutil
from collections import defaultdict
from collections.abc import Iterator
from enum import Enum
from typing import Any, Final

import typer
from typer.core import TyperCommand, TyperGroup

from qa_pipeline.source import nearest

_VALUES: Final = {
    "path": "路径",
    "str": "文字",
    "int": "整数",
    "int range": "整数",
    "float": "数字",
    "datetime": "日期",
}
"""What an option's value is, by the name of its type."""
_WIDEST: Final = 100
"""Columns of a help; a wider terminal has room to spare."""
_NAMES: Final = 34
"""Columns of what is typed; what is explained begins beside it."""
_TOGETHER: Final = re.compile(r"(?:[!-~]+|.)[，。：；、！？）」”…]*")
"""What no line break may part: words of Latin letters, and marks from what is before them."""

UsageError: Final[type[Exception]] = typer.BadParameter.__mro__[1]
"""Anything typed that no command takes; Typer names only one kind of it in public."""


def speak_chinese() -> None:
    """Let every command tell its help in Chinese."""
    TyperCommand.format_help = TyperGroup.format_help = _tell  # type: ignore[assignment,method-assign]


def _tell(command: Any, ctx: Any, formatter: Any) -> None:
    """The help of a command in the place of Typer's: the same, in Chinese."""
    shown = [param for param in command.get_params(ctx) if not getattr(param, "hidden", False)]
    arguments = [param for param in shown if param.param_type_name == "argument"]
    options: defaultdict[str, list[tuple[str, str]]] = defaultdict(list)
    for param in shown:
        if param.param_type_name == "option":
            options[param.rich_help_panel or "选项"].append((_typed(param), _told(param)))
    known = [(name, one.help.strip()) for name, one in getattr(command, "commands", {}).items()]
    usage = [ctx.command_path, "[选项]", *map(_place, arguments), *(["命令 ……"] if known else [])]
    formatter.write(f"用法：{' '.join(usage)}\n\n")
    formatter.write("\n".join(_wrapped(command.help.strip(), width=_width())) + "\n")
    sections = [("参数", [(_place(one), _told(one)) for one in arguments]), *options.items(), ("命令", known)]
    for title, rows in sections:
        if rows:
            formatter.write(
                f"\n{typer.style(title, bold=True)}\n" + "".join(map("{}\n".format, _table(rows)))
            )


def _width() -> int:
    return min(_WIDEST, shutil.get_terminal_size().columns)


def _place(argument: Any) -> str:
    name = f"{argument.name}{'...' if argument.nargs == -1 else ''}"
    return name if argument.required else f"[{name}]"


def _typed(option: Any) -> str:
    names = " / ".join((*option.opts, *option.secondary_opts))
    if option.is_flag:
        return names
    choices = getattr(option.type, "choices", None)
    value = "|".join(map(_written, choices)) if choices else _VALUES.get(option.type.name, option.type.name)
    return f"{names} {value}"


def _told(param: Any) -> str:
    """What a parameter means, and beside it what Typer would add."""
    if param.opts == ["--help"]:
        return "显示这段说明。"
    more = ["必填"] if param.required else []
    least, most = getattr(param.type, "min", None), getattr(param.type, "max", None)
    if least is not None:
        more.append(f"不小于 {least}" if most is None else f"{least} 到 {most}")
    if param.default is not None and not param.required:
        on_off = [*param.opts, *param.secondary_opts] if getattr(param, "secondary_opts", None) else None
        if on_off is not None:
            more.append(f"默认 {on_off[0] if param.default else on_off[-1]}")
        elif not isinstance(param.default, bool):
            more.append(f"默认 {_written(param.default)}")
    if getattr(param, "envvar", None):
        more.append(f"环境变量 {param.envvar}")
    return (param.help or "") + (f"（{'；'.join(more)}）" if more else "")


def _written(value: Any) -> str:
    return str(value.value if isinstance(value, Enum) else value)


def _table(rows: list[tuple[str, str]]) -> Iterator[str]:
    from rich.cells import cell_len

    first = min(_NAMES, max(cell_len(name) for name, _ in rows)) + 4
    for name, told in rows:
        head = f"  {name}".ljust(first - cell_len(name) + len(name))
        lines = list(_wrapped(told, width=_width() - first))
        if cell_len(head) > first:
            yield head
        else:
            yield f"{head}{lines.pop(0)}" if lines else head
        for line in lines:
            yield " " * first + line


def _wrapped(text: str, *, width: int) -> Iterator[str]:
    """Lines of at most ``width`` columns (a Chinese character takes two)."""
    from rich.cells import cell_len

    line = ""
    for piece in _TOGETHER.findall(" ".join(text.split())):
        if line and cell_len(line + piece) > width:
            yield line.rstrip()
            line = piece.lstrip()
        else:
            line += piece
    if line:
        yield line


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

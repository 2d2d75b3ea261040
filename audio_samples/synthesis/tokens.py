"""The demo model's vocabulary: one token per character, Whisper's special tokens and timestamps."""

from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
LANGUAGES = (
    "en zh de es ru ko fr ja pt tr pl ca nl ar sv it id hi fi vi he uk el ms cs ro da hu ta no th ur hr bg lt la mi "
    "ml cy sk te fa lv bn sr az sl kn et mk br eu is hy ne mn bs kk sq sw gl mr pa si km sn yo so af oc ka be tg sd gu "
    "am yi lo uz fo ht ps tk nn mt sa lb my bo tl mg as tt haw ln ha ba jw su"
).split()
SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    *(f"<|{code}|>" for code in LANGUAGES),
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
]
TIMESTAMPS = [f"<|{i * 0.02:.2f}|>" for i in range(1501)]
PUNCTUATION = "，。、？！：；“”…"
SPOKEN_MARKS = "，。？"


@cache
def characters() -> str:
    """The Chinese characters the model can write, in file order."""
    return "".join((HERE / "characters.list").read_text(encoding="utf-8").split())


@cache
def allowed() -> frozenset[str]:
    """Every character a training or sample text may hold, punctuation aside."""
    return frozenset(characters()) | frozenset(LETTERS)


class Vocabulary:
    """Token ids. Order: <unk>, printable ASCII, punctuation, characters, '' (asked for by CTranslate2), special, times.

    text_size: number of text tokens (everything before the special tokens).
    """

    def __init__(self) -> None:
        text = ["<unk>"] + [chr(code) for code in range(32, 127)] + list(PUNCTUATION)
        known = set(text)
        text += [c for c in characters() if c not in known] + [""]
        self.text: list[str] = text
        self.text_size: int = len(text)
        self.all: list[str] = text + SPECIAL + TIMESTAMPS
        self.id: dict[str, int] = {token: i for i, token in enumerate(self.all)}
        assert len(self.id) == len(self.all)
        self.first_character: int = 1 + 95 + len(PUNCTUATION)
        self.end = self.id["<|endoftext|>"]
        self.start = self.id["<|startoftranscript|>"]
        self.chinese = self.id["<|zh|>"]
        self.transcribe = self.id["<|transcribe|>"]
        self.no_speech = self.id["<|nospeech|>"]
        self.no_timestamps = self.id["<|notimestamps|>"]
        self.first_time = self.id["<|0.00|>"]

    def __len__(self) -> int:
        return len(self.all)


VOCABULARY = Vocabulary()

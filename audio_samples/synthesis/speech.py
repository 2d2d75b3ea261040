"""Speech for the training text: readings, synthesis with time marks and shards of utterances.

    python -m audio_samples.synthesis.speech --work build/demo_model --part 0 --parts 2

reads text.json and writes speech.PART.N.npz. One shard holds parallel flat arrays (see `save_shard`).
"""

import argparse
import io
import itertools
import json
import random
import re
import time
from dataclasses import dataclass
from pathlib import Path

import av
import numpy as np
from pypinyin import Style, load_phrases_dict, pinyin
from scipy.signal import resample_poly

from audio_samples.synthesis.espeak import EVENT_WORD, Espeak
from audio_samples.synthesis.voices import LANGUAGE, VOICES, Voice

SAMPLE_RATE = 16_000
TAIL_MS = 60
FAST_OPUS = {"compression_level": "0", "frame_duration": "60"}
_HAN = re.compile("[\u4e00-\u9fff]")
_LETTER = re.compile("[A-Z]")
_VOWEL = re.compile("[aeiouyAEIOUY@&W]")
_MARKS = {"，": ",", "、": ",", "。": ".", "？": "?"}
READINGS = {
    "行事历": "xíng shì lì", "还有": "hái yǒu", "还差": "hái chà", "还没": "hái méi", "还是": "hái shì", "还要": "hái yào",
    "差多少": "chà duō shǎo", "差几": "chà jǐ", "差一": "chà yī", "差两": "chà liǎng", "差三": "chà sān", "差在": "chà zài",
    "应到": "yīng dào", "应的": "yìng de", "应该": "yīng gāi", "得讲": "děi jiǎng", "讲得": "jiǎng de", "做得": "zuò de",
    "说得": "shuō de", "都有": "dōu yǒu", "都是": "dōu shì", "都没": "dōu méi", "都在": "dōu zài", "长期": "cháng qī",
    "重疾险": "zhòng jí xiǎn", "重疾": "zhòng jí", "一行": "yī háng", "银行": "yín háng", "行不行": "xíng bu xíng",
    "几个": "jǐ gè", "为什么": "wèi shén me", "因为": "yīn wèi", "率先": "shuài xiān", "达成率": "dá chéng lǜ",
    "举绩率": "jǔ jì lǜ", "大家": "dà jiā", "教我": "jiāo wǒ", "教他": "jiāo tā", "教会": "jiāo huì", "着急": "zháo jí",
    "睡着": "shuì zháo", "处理": "chǔ lǐ", "好处": "hǎo chù", "数一数": "shǔ yī shǔ", "数字": "shù zì", "分红": "fēn hóng",
    "单子": "dān zi", "落实": "luò shí", "落地": "luò dì", "觉得": "jué de", "睡觉": "shuì jiào", "调成": "tiáo chéng",
    "参会": "cān huì", "兴趣": "xìng qù", "卡在": "kǎ zài", "卡点": "kǎ diǎn", "干什么": "gàn shén me", "干部": "gàn bù",
    "倒数": "dào shǔ", "当成": "dàng chéng", "当天": "dàng tiān", "地上": "dì shang", "场地": "chǎng dì", "种地": "zhòng dì",
    "成长": "chéng zhǎng", "室长": "shì zhǎng", "组长": "zǔ zhǎng", "家长": "jiā zhǎng", "班长": "bān zhǎng",
}  # fmt: skip
load_phrases_dict({word: [[syllable] for syllable in reading.split()] for word, reading in READINGS.items()})


@dataclass
class Utterance:
    """One synthesised sentence.

    text: with marks. audio: int16 (n,) at 16 kHz. characters: spoken characters, k of them.
    starts, ends: int32 (k,), ms from the beginning of `audio`. phones: (time in ms, label) in time order.
    """

    text: str
    voice: str
    audio: np.ndarray
    characters: str
    starts: np.ndarray
    ends: np.ndarray
    phones: list[tuple[int, str]]


def reading(text: str) -> tuple[str, str, list[str]]:
    """Text -> (espeak input in pinyin, spoken characters, tone of each: '1'..'5' or 'L' for letters)."""
    syllables = [
        s[0]
        for s in pinyin(text, style=Style.TONE3, neutral_tone_with_five=True, errors=lambda rest: list(rest))
    ]
    if len(syllables) != len(text):
        raise ValueError(f"no reading for {text}")
    words: list[str] = []
    spoken, tones = "", []
    for c, syllable in zip(text, syllables, strict=True):
        if _HAN.match(c):
            words.append(syllable)
            spoken += c
            tones.append(syllable[-1] if syllable[-1].isdigit() else "5")
        elif _LETTER.match(c):
            words.append(c)
            spoken += c
            tones.append("L")
        elif c in _MARKS and words:
            words[-1] += _MARKS[c]
    return " ".join(words), spoken, tones


def to_16k(audio: np.ndarray, rate: int) -> np.ndarray:
    """int16 samples at `rate` Hz -> int16 at 16 kHz, a little softer so that nothing clips."""
    divisor = int(np.gcd(rate, SAMPLE_RATE))
    return np.clip(
        resample_poly(audio.astype(np.float32), SAMPLE_RATE // divisor, rate // divisor) * 0.8, -32767, 32767
    ).astype(np.int16)


def synthesise(
    espeak: Espeak, text: str, name: str, pace: float = 1.0, pitch_shift: int = 0
) -> Utterance | None:
    """Speak `text` with voice `name`; None where espeak's time marks do not match the characters.

    pace: factor on the voice's rate. pitch_shift: added to the voice's pitch.
    """
    voice: Voice = VOICES[name]
    line, spoken, tones = reading(text)
    audio, events = espeak.say(
        line, LANGUAGE + voice.variant, int(voice.rate * pace), voice.pitch + pitch_shift, voice.spread
    )
    # espeak emits extra word events where a letter stands before a mark: keep the first at each word start
    wanted = {m.start() + 1: i for i, m in enumerate(re.finditer(r"[^ ,.?]+[,.?]*", line))}
    first: dict[int, int] = {}
    kept = []
    for event in events:
        if event.kind == EVENT_WORD:
            index = wanted.get(event.text_position)
            if index is None or index in first:
                continue
            first[index] = event.time_ms
        kept.append(event)
    count = len(spoken)
    if len(wanted) != count or len(first) != count:
        return None
    starts = [first[i] for i in range(count)]
    if any(b <= a for a, b in itertools.pairwise(starts)):
        return None
    ends: list[int | None] = [None] * count
    phones: list[tuple[int, str]] = []
    word = -1
    for event in kept:
        if event.kind == EVENT_WORD:
            word += 1
        elif event.phoneme.startswith("_"):
            if word >= 0 and ends[word] is None:
                ends[word] = event.time_ms
            phones.append((event.time_ms, "_" if event.phoneme != "_|" else "|"))
        else:
            tone = tones[word] if _VOWEL.search(event.phoneme) and word >= 0 else ""
            phones.append((event.time_ms, event.phoneme + tone))
    total = len(audio) * 1000 // espeak.sample_rate
    closed = [
        end if end is not None else (starts[i + 1] if i + 1 < count else total) for i, end in enumerate(ends)
    ]
    samples = to_16k(audio, espeak.sample_rate)[: (closed[-1] + TAIL_MS) * SAMPLE_RATE // 1000]
    return Utterance(
        text, name, samples, spoken, np.array(starts, np.int32), np.array(closed, np.int32), phones
    )


def through_opus(audio: np.ndarray, bit_rate: int = 16_000) -> np.ndarray:
    """int16 (n,) at 16 kHz -> the same after Opus compression, same length and alignment."""
    buffer = io.BytesIO()
    with av.open(buffer, "w", format="ogg") as container:
        stream = container.add_stream("libopus", rate=SAMPLE_RATE, layout="mono", options=FAST_OPUS)
        stream.bit_rate = bit_rate
        frame = av.AudioFrame.from_ndarray(audio[None], format="s16", layout="mono")
        frame.sample_rate = SAMPLE_RATE
        for packet in stream.encode(frame):
            container.mux(packet)
        for packet in stream.encode(None):
            container.mux(packet)
    buffer.seek(0)
    resampler = av.AudioResampler(format="s16", layout="mono", rate=SAMPLE_RATE)
    with av.open(buffer) as container:
        blocks = [f.to_ndarray() for frame in container.decode(audio=0) for f in resampler.resample(frame)]
        blocks += [f.to_ndarray() for f in resampler.resample(None)]
    out = np.concatenate(blocks, axis=1)[0]
    return np.pad(out, (0, max(0, len(audio) - len(out))))[: len(audio)]


def compress(batch: list[Utterance], bit_rate: int) -> None:
    """Pass the audio of a batch through Opus in place."""
    whole = through_opus(np.concatenate([u.audio for u in batch]), bit_rate)
    place = 0
    for u in batch:
        u.audio = whole[place : place + len(u.audio)].copy()
        place += len(u.audio)


def save_shard(path: Path, batch: list[Utterance]) -> None:
    """Write utterances as flat arrays: audio, audio_length, starts, ends, phone_time, phone, phone_count, meta (JSON)."""
    labels = sorted({label for u in batch for _, label in u.phones})
    index = {label: i for i, label in enumerate(labels)}
    meta = {"texts": [u.text for u in batch], "voices": [u.voice for u in batch], "labels": labels}
    np.savez(
        path,
        audio=np.concatenate([u.audio for u in batch]),
        audio_length=np.array([len(u.audio) for u in batch], np.int64),
        count=np.array([len(u.characters) for u in batch], np.int64),
        starts=np.concatenate([u.starts for u in batch]),
        ends=np.concatenate([u.ends for u in batch]),
        phone_count=np.array([len(u.phones) for u in batch], np.int64),
        phone_time=np.array([t for u in batch for t, _ in u.phones], np.int32),
        phone=np.array([index[label] for u in batch for _, label in u.phones], np.int16),
        meta=np.array(json.dumps(meta, ensure_ascii=False)),
    )


def load_shard(path: Path) -> list[Utterance]:
    """Read what `save_shard` wrote."""
    with np.load(path) as data:
        arrays = {key: data[key] for key in data.files}
    meta = json.loads(str(arrays["meta"]))
    audio = np.split(arrays["audio"], np.cumsum(arrays["audio_length"])[:-1])
    at = np.cumsum(arrays["count"])[:-1]
    starts, ends = np.split(arrays["starts"], at), np.split(arrays["ends"], at)
    phone_at = np.cumsum(arrays["phone_count"])[:-1]
    times, phones = np.split(arrays["phone_time"], phone_at), np.split(arrays["phone"], phone_at)
    labels = meta["labels"]
    return [
        Utterance(
            text,
            voice,
            audio[i],
            "".join(c for c in text if _HAN.match(c) or _LETTER.match(c)),
            starts[i],
            ends[i],
            [(int(t), labels[p]) for t, p in zip(times[i], phones[i], strict=True)],
        )
        for i, (text, voice) in enumerate(zip(meta["texts"], meta["voices"], strict=True))
    ]


def make_part(work: Path, part: int, parts: int, shard: int = 1000) -> None:
    """Synthesise every `parts`-th training sentence; every third batch of 50 goes through Opus."""
    sentences = json.loads((work / "text.json").read_text(encoding="utf-8"))["train"]
    rng = random.Random(100 + part)
    espeak = Espeak()
    names = list(VOICES)
    batch: list[Utterance] = []
    group: list[Utterance] = []
    shards = failed = 0
    seconds, begun = 0.0, time.time()
    chosen = sentences[part::parts]
    for i, text in enumerate(chosen):
        name = names[rng.randrange(len(names))]
        made = synthesise(espeak, text, name, rng.uniform(0.9, 1.08), rng.randint(-3, 3))
        if made is None:
            failed += 1
        else:
            group.append(made)
            seconds += len(made.audio) / SAMPLE_RATE
        if len(group) == 50 or i + 1 == len(chosen):
            if group and rng.random() < 0.35:
                compress(group, rng.choice([14_000, 16_000, 20_000, 24_000]))
            batch += group
            group = []
        if len(batch) >= shard or (i + 1 == len(chosen) and batch):
            save_shard(work / f"speech.{part}.{shards}.npz", batch)
            batch = []
            shards += 1
            print(
                f"part {part}: {i + 1} sentences, {failed} failed, {seconds / 3600:.2f} h, {time.time() - begun:.0f} s",
                flush=True,
            )


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder with text.json; the shards go there")
    parser.add_argument("--part", type=int, default=0)
    parser.add_argument("--parts", type=int, default=1)
    arguments = parser.parse_args()
    make_part(arguments.work, arguments.part, arguments.parts)


if __name__ == "__main__":
    main()

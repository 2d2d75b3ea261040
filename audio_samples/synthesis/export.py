"""Convert a training checkpoint into the folder that faster_whisper.WhisperModel loads (CTranslate2, int8).

python -m audio_samples.synthesis.export --work build/demo_model --out qa_pipeline/transcript/demo_model
"""

import argparse
import hashlib
import json
import shutil
import tempfile
from pathlib import Path

import torch
from ctranslate2.converters import TransformersConverter
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers

from audio_samples.synthesis.network import Shape, build_model
from audio_samples.synthesis.tokens import LANGUAGES, SPECIAL, TIMESTAMPS, VOCABULARY

ALIGNMENT_LAYER = 1
WINDOW = 12
"""Seconds that the model is given at a time: it hears no more than this well."""
FILES = ("model.bin", "config.json", "tokenizer.json", "vocabulary.json", "preprocessor_config.json")


def tokenizer() -> Tokenizer:
    """A tokenizer with one token per character, laid out as Whisper's."""
    made = Tokenizer(
        models.WordLevel({token: i for i, token in enumerate(VOCABULARY.text)}, unk_token="<unk>")
    )
    made.pre_tokenizer = pre_tokenizers.Split(Regex(r"[\s\S]"), "isolated")
    made.decoder = decoders.Fuse()
    made.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in SPECIAL])
    made.add_tokens([AddedToken(token, special=False, normalized=False) for token in TIMESTAMPS])
    assert made.token_to_id("<|0.00|>") == VOCABULARY.first_time
    assert made.get_vocab_size() == len(VOCABULARY)
    return made


def export(checkpoints: list[Path], out: Path, quantization: str = "int8") -> int:
    """Write the model files into `out` (other files there stay); returns the number of training steps.

    Of several checkpoints, of which each began where the one before ended, the mean weights are taken: a run that
    was warm-started and annealed anew errs elsewhere than the one it began from.
    """
    runs = [torch.load(checkpoint) for checkpoint in checkpoints]
    saved = runs[-1]
    if any(run["vocabulary"] != VOCABULARY.all for run in runs):
        raise ValueError("the checkpoint was trained with another character set")
    shape = Shape(**saved["shape"])
    model = build_model(shape)
    model.load_state_dict(
        {
            name: torch.stack([run["model"][name] for run in runs]).mean(0)
            if value.is_floating_point()
            else value
            for name, value in saved["model"].items()
        }
    )
    generation = model.generation_config
    generation._from_model_config = False  # otherwise alignment_heads and lang_to_id are dropped
    generation.suppress_tokens = []
    generation.begin_suppress_tokens = [VOCABULARY.id[" "], VOCABULARY.end]
    generation.alignment_heads = [[ALIGNMENT_LAYER, h] for h in range(shape.heads)]
    generation.lang_to_id = {f"<|{code}|>": VOCABULARY.id[f"<|{code}|>"] for code in LANGUAGES}
    generation.task_to_id = {"translate": VOCABULARY.id["<|translate|>"], "transcribe": VOCABULARY.transcribe}
    generation.no_timestamps_token_id = VOCABULARY.no_timestamps
    generation.is_multilingual = True
    generation.pad_token_id = generation.bos_token_id = generation.eos_token_id = VOCABULARY.end
    generation.decoder_start_token_id = VOCABULARY.start
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "source", Path(folder) / "target"
        model.save_pretrained(source)
        tokenizer().save(str(source / "tokenizer.json"))
        described = {
            "tokenizer_class": "PreTrainedTokenizerFast", "unk_token": "<unk>", "eos_token": "<|endoftext|>",
            "bos_token": "<|startoftranscript|>", "model_max_length": 448, "clean_up_tokenization_spaces": False,
        }  # fmt: skip
        (source / "tokenizer_config.json").write_text(json.dumps(described), encoding="utf-8")
        features = {
            "feature_extractor_type": "WhisperFeatureExtractor", "processor_class": "WhisperProcessor", "feature_size": 80,
            "sampling_rate": 16000, "hop_length": 160, "chunk_length": WINDOW, "n_fft": 400,
            "n_samples": WINDOW * 16000, "nb_max_frames": WINDOW * 100, "padding_side": "right", "padding_value": 0.0, "return_attention_mask": False,
        }  # fmt: skip
        (source / "preprocessor_config.json").write_text(json.dumps(features), encoding="utf-8")
        converter = TransformersConverter(
            str(source), copy_files=["tokenizer.json", "preprocessor_config.json"]
        )
        converter.convert(str(target), quantization=quantization)
        out.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(target / name, out / name)
    sums = {name: hashlib.sha256((out / name).read_bytes()).hexdigest() for name in FILES}
    manifest = json.dumps({"name": "demo", "sha256": sums}, indent=1)
    (out / "manifest.json").write_text(manifest + "\n", encoding="utf-8")
    return int(saved["step"])


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, required=True, help="folder with checkpoint.pt")
    parser.add_argument("--mean-with", type=Path, nargs="*", default=[], help="checkpoints of earlier runs")
    parser.add_argument("--out", type=Path, required=True, help="model folder")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    step = export([*arguments.mean_with, arguments.work / "checkpoint.pt"], arguments.out)
    size = sum((arguments.out / name).stat().st_size for name in FILES)
    print(f"step {step}, {size / 1e6:.1f} MB in {arguments.out}")


if __name__ == "__main__":
    main()

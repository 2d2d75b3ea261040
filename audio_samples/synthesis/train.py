"""Train the demo recogniser: a small Whisper, from scratch, on synthetic speech, within a given wall time.

    python -m audio_samples.synthesis.train --work build/demo_model --minutes 80

Two processes with one thread each share every step (gloo). What makes it learn within an hour is the initialisation
(`network.build_model`) and the auxiliary losses (`losses`): time marks of the synthesiser guide decoder layers 0 and 1,
and frame-wise character and phoneme losses shape the encoder.
"""

import argparse
import copy
import gc
import json
import math
import random
import time
from dataclasses import asdict
from pathlib import Path

import numpy as np
import torch
import torch.multiprocessing
import torch.nn.functional as functional
from torch import Tensor

from audio_samples.synthesis.network import Auxiliary, Network, Shape, build_model
from audio_samples.synthesis.tokens import VOCABULARY
from audio_samples.synthesis.windows import Batch, Data, collate

TEXT = VOCABULARY.text_size
TIME0 = VOCABULARY.first_time
FAST_BFLOAT16 = torch.ops.mkldnn._is_mkldnn_bf16_supported()
"""Processors without it only emulate bfloat16, many times slower than float32."""
_SPREAD = torch.tensor([math.exp(-(k * k) / (2 * 1.5**2)) for k in range(-4, 5)])
_SPREAD = _SPREAD / _SPREAD.sum()


def losses(
    network: Network, auxiliary: Auxiliary, batch: Batch, guide_weight: float, frame_weight: float
) -> tuple[Tensor, dict[str, float]]:
    """The training loss and readable parts of it."""
    embedding = network.whisper.model.decoder.embed_tokens.weight
    tokens = batch.tokens.clone()
    wrong = (torch.rand(tokens.shape) < 0.06) & (tokens < TEXT)
    tokens[wrong] = torch.randint(VOCABULARY.first_character, TEXT - 1, (int(wrong.sum()),))
    with torch.autocast("cpu", dtype=torch.bfloat16, enabled=FAST_BFLOAT16):
        encoded = network.encode(batch.mel)
        phone = auxiliary.phone(encoded)
        by_frame = encoded @ torch.cat([embedding[:TEXT], auxiliary.silence[None]]).T + auxiliary.bias
        before = encoded @ torch.cat([network.previous_embedding(), auxiliary.previous_silence[None]]).T
        before = before + auxiliary.previous_bias
        decoded, maps = network.decode(tokens, encoded)
        used = batch.targets >= 0
        logits = decoded[used] @ embedding.T
    by_frame = by_frame.float()
    phone_loss = functional.cross_entropy(phone.float().transpose(1, 2), batch.phones)
    frame_loss = functional.cross_entropy(by_frame.transpose(1, 2), batch.characters)
    previous_loss = functional.cross_entropy(before.float().transpose(1, 2), batch.previous)
    likelihood, target = logits.float().log_softmax(-1), batch.targets[used]
    is_time = target >= TIME0
    text_loss = -likelihood[~is_time].gather(1, target[~is_time, None]).sum()
    if is_time.any():
        around = (target[is_time, None] + torch.arange(-4, 5)).clamp(TIME0, TIME0 + 1500)
        text_loss = text_loss - 0.5 * (likelihood[is_time].gather(1, around) * _SPREAD).sum()
    text_loss = text_loss / used.sum()
    here = there = torch.zeros(())
    if len(batch.guides):
        b, i, start, stop, start0, stop0 = batch.guides.T
        frames = torch.arange(encoded.shape[1])[None]
        inside = ((frames >= start[:, None]) & (frames < stop[:, None])).float()
        inside0 = ((frames >= start0[:, None]) & (frames < stop0[:, None])).float()
        here = -((maps[1][b, :, i] * inside[:, None]).sum(-1).clamp_min(1e-4).log()).mean()
        there = -((maps[0][b, :, i][:, :4] * inside0[:, None]).sum(-1).clamp_min(1e-4).log()).mean()
    with torch.no_grad():
        correct = (likelihood[~is_time].argmax(-1) == target[~is_time]).float().mean().item()
        spoken = batch.characters < TEXT
        by_frame_correct = (
            (by_frame.argmax(-1) == batch.characters)[spoken].float().mean().item() if spoken.any() else 1.0
        )
    total = text_loss + frame_weight * (0.3 * phone_loss + 0.6 * frame_loss + 0.15 * previous_loss)
    total = total + guide_weight * (here + 0.6 * there)
    report = {
        "loss": text_loss.item(), "phone": phone_loss.item(), "frame": frame_loss.item(), "prev": previous_loss.item(),
        "here": here.item(), "there": there.item(), "right": correct, "frame_right": by_frame_correct,
    }  # fmt: skip
    return total, report


def kind_of_step(draw: float, progress: float) -> str:
    """Curriculum: single sentences first, then more and more long windows."""
    if progress < 0.06:
        shares = (1.0, 0.0, 0.0, 0.0)
    elif progress < 0.16:
        shares = (0.65, 0.3, 0.05, 0.0)
    elif progress < 0.32:
        shares = (0.45, 0.35, 0.2, 0.0)
    else:
        shares = (0.34, 0.32, 0.19, 0.15)
    for kind, share in zip(("one", "multi", "long"), shares, strict=False):
        if draw < share:
            return kind
        draw -= share
    return "full"


def learning_rate(peak: float, step: int, progress: float) -> float:
    """Short warm-up, then a cosine over the whole run."""
    return (
        peak * min(1.0, (step + 1) / 100) * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(1.0, progress))))
    )


def _rank(rank: int, data: Data, shape: Shape, arguments: argparse.Namespace) -> None:
    import torch.distributed as distributed

    torch.set_num_threads(1)
    distributed.init_process_group(
        "gloo", init_method=f"tcp://127.0.0.1:{arguments.port}", rank=rank, world_size=2
    )
    network = Network(build_model(shape), shape)
    torch.manual_seed(5)
    auxiliary = Auxiliary(data.phone_count, shape.width)
    done, step, hours = 0.0, 0, 0.0
    checkpoint_path = arguments.work / "checkpoint.pt"
    if arguments.warm_start:
        network.whisper.load_state_dict(torch.load(arguments.warm_start)["model"])
    if arguments.resume and checkpoint_path.exists():
        saved = torch.load(checkpoint_path)
        network.whisper.load_state_dict(saved["model"])
        auxiliary.load_state_dict(saved["auxiliary"])
        step, hours, done = saved["step"], saved["hours"], saved["seconds"]
    torch.manual_seed(rank + step)
    np.random.seed(rank + step)
    data.random.seed(100 + rank + 7 * step)
    shared = random.Random(3 + step)
    network.whisper.model.encoder.embed_positions.requires_grad_(False)
    parameters = [p for p in [*network.parameters(), *auxiliary.parameters()] if p.requires_grad]
    optimiser = torch.optim.AdamW(
        [
            {"params": [p for p in parameters if p.dim() > 1], "weight_decay": 0.01},
            {"params": [p for p in parameters if p.dim() <= 1], "weight_decay": 0.0},
        ],
        lr=1e-3,
        betas=(0.9, 0.98),
        foreach=True,
    )
    if arguments.resume and checkpoint_path.exists():
        optimiser.load_state_dict(saved["optimiser"])
        del saved
    flat = torch.zeros(sum(p.numel() for p in parameters) + 1)
    total = arguments.minutes * 60
    if rank == 0:
        size = sum(p.numel() for p in network.parameters())
        print(f"{size} parameters, vocabulary {len(VOCABULARY)}, {len(data.utterances)} sentences, {data.hours:.1f} h, "
              f"{data.phone_count} phones", flush=True)  # fmt: skip
    begun = last_saved = last_logged = time.time()
    making, progress = 0.0, done / total
    reports: dict[str, dict[str, float]] = {}
    while True:
        flat[-1] = done + time.time() - begun
        kind = kind_of_step(shared.random(), 1.0 if arguments.warm_start else progress)
        clock = time.time()
        batch = collate(data.examples(kind, arguments.batch_seconds))
        making += time.time() - clock
        loss, report = losses(
            network, auxiliary, batch, 0.6 if progress < 0.5 else 0.3, 1.0 if progress < 0.6 else 0.6
        )
        for p in parameters:
            p.grad = None
        loss.backward()
        place = 0
        for p in parameters:
            flat[place : place + p.numel()] = p.grad.reshape(-1) if p.grad is not None else 0
            place += p.numel()
        distributed.all_reduce(flat)
        flat /= 2
        elapsed = float(flat[-1])
        progress = elapsed / total
        norm = float(flat[:-1].norm())
        usable = math.isfinite(norm)
        flat[:-1] *= min(1.0, 1.0 / (norm + 1e-6)) if usable else 0.0
        place = 0
        for p in parameters:
            p.grad = flat[place : place + p.numel()].view_as(p)
            place += p.numel()
        rate = learning_rate(arguments.rate, step, progress)
        for group in optimiser.param_groups:
            group["lr"] = rate
        if usable:
            optimiser.step()
        step += 1
        hours += 2 * batch.mel.shape[0] * batch.mel.shape[2] / 360_000
        smooth = reports.setdefault(kind, report)
        for key, value in report.items():
            smooth[key] = 0.95 * smooth[key] + 0.05 * value
        if rank == 0 and step % 20 == 0:
            now = time.time()
            parts = " | ".join(
                k + " " + " ".join(f"{n} {v:.3f}" for n, v in copy.copy(r).items())
                for k, r in reports.items()
            )
            print(f"{elapsed:.0f} s step {step} {(now - last_logged) / 20:.2f} s/step (data {making / 20:.2f}) {hours:.2f} h "
                  f"rate {rate:.1e} norm {norm:.2f} | {parts}", flush=True)  # fmt: skip
            last_logged, making = now, 0.0
        if rank == 0 and (time.time() - last_saved > 110 or progress >= 1):
            state = {
                "model": network.whisper.state_dict(), "auxiliary": auxiliary.state_dict(), "optimiser": optimiser.state_dict(),
                "step": step, "hours": hours, "seconds": elapsed, "vocabulary": VOCABULARY.all, "shape": asdict(shape),
            }  # fmt: skip
            torch.save(state, arguments.work / "checkpoint.tmp")
            (arguments.work / "checkpoint.tmp").replace(checkpoint_path)
            last_saved = time.time()
        if progress >= 1:
            break
    if rank == 0:
        summary = {"steps": step, "hours_seen": round(hours, 1), "hours_of_speech": round(data.hours, 1),
                   "sentences": len(data.utterances), "minutes": round(elapsed / 60, 1)}  # fmt: skip
        (arguments.work / "training.json").write_text(json.dumps(summary), encoding="utf-8")
        print("done", summary, flush=True)
    distributed.destroy_process_group()


def arguments_of(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder with the shards; checkpoint.pt goes there"
    )
    parser.add_argument("--minutes", type=float, default=80, help="wall time of the run")
    parser.add_argument("--batch-seconds", type=float, default=32, help="audio per process and step")
    parser.add_argument("--rate", type=float, default=1.6e-3, help="peak learning rate")
    parser.add_argument("--port", type=int, default=29511)
    parser.add_argument("--encoder-layers", type=int, default=4)
    parser.add_argument("--decoder-layers", type=int, default=3)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--resume", action="store_true", help="go on from checkpoint.pt")
    parser.add_argument(
        "--warm-start", type=Path, help="begin with the weights of this checkpoint, without its curriculum"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Command line."""
    arguments = arguments_of(argv)
    torch.set_num_threads(1)
    data = Data(arguments.work)
    (arguments.work / "trained_text.txt").write_text(
        "\n".join(sorted({u.text for u in data.utterances})), encoding="utf-8"
    )
    shape = Shape(arguments.width, arguments.encoder_layers, arguments.decoder_layers)
    gc.freeze()  # the second process shares the audio
    other = torch.multiprocessing.get_context("fork").Process(target=_rank, args=(1, data, shape, arguments))
    other.start()
    _rank(0, data, shape, arguments)
    other.join()


if __name__ == "__main__":
    main()

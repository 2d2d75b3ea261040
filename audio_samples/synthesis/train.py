"""Train the demo recogniser: a small Whisper, from scratch, on synthetic speech, within a given wall time.

    python -m audio_samples.synthesis.train --work build/demo_model --minutes 80

On a processor two processes with one thread each share every step (gloo); with a CUDA device one process trains on it
and the other cores make its windows. What makes it learn within an hour is the initialisation (`network.build_model`)
and the auxiliary losses (`losses`): time marks of the synthesiser guide decoder layers 0 and 1, and frame-wise
character and phoneme losses shape the encoder.
"""

import argparse
import gc
import itertools
import json
import math
import os
import random
import time
from collections.abc import Callable, Iterator
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
    wrong = (torch.rand(tokens.shape, device=tokens.device) < 0.06) & (tokens < TEXT)
    device = tokens.device
    tokens[wrong] = torch.randint(VOCABULARY.first_character, TEXT - 1, (int(wrong.sum()),), device=device)
    with torch.autocast(device.type, dtype=torch.bfloat16, enabled=device.type == "cuda" or FAST_BFLOAT16):
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
        around = (target[is_time, None] + torch.arange(-4, 5, device=device)).clamp(TIME0, TIME0 + 1500)
        spread = _SPREAD.to(device)
        text_loss = text_loss - 0.5 * (likelihood[is_time].gather(1, around) * spread).sum()
    text_loss = text_loss / used.sum()
    here = there = torch.zeros((), device=device)
    if len(batch.guides):
        b, i, start, stop, start0, stop0 = batch.guides.T
        frames = torch.arange(encoded.shape[1], device=device)[None]
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


def step_batches(
    data: Data, arguments: argparse.Namespace, progress: Callable[[], float], seed: int, kinds: int
) -> Iterator[tuple[str, Batch]]:
    """Endless batches as the curriculum asks for them, each with the kind of its windows.

    seed: of the windows. kinds: seed of the sequence of kinds, the same in processes that share a step.
    """
    data.random.seed(100 + seed)
    np.random.seed(seed)
    draws = random.Random(3 + kinds)
    while True:
        kind = kind_of_step(draws.random(), 1.0 if arguments.warm_start else progress())
        yield kind, collate(data.examples(kind, arguments.batch_seconds))


def batches_of_workers(
    data: Data, arguments: argparse.Namespace, progress: Callable[[], float], first: int
) -> Iterator[tuple[str, Batch]]:
    """`step_batches` of as many processes as there are cores but one; they end with this process."""
    context = torch.multiprocessing.get_context("fork")  # the workers share the audio
    torch.multiprocessing.set_sharing_strategy("file_system")
    workers = max(1, len(os.sched_getaffinity(0)) - 1)
    ready = context.Queue(maxsize=2 * workers)
    reached = context.Value("d", progress())

    def work(number: int) -> None:
        torch.set_num_threads(1)
        seed = first + 1_000_000 * (number + 1)
        for made in step_batches(data, arguments, lambda: reached.value, seed, seed):
            ready.put(made)

    for number in range(workers):
        context.Process(target=work, args=(number,), daemon=True).start()
    while True:
        reached.value = progress()
        yield ready.get()


def train(rank: int, ranks: int, data: Data, shape: Shape, arguments: argparse.Namespace) -> None:
    """Train as process `rank` of `ranks`; rank 0 writes checkpoint.pt about every two minutes and at the end."""
    device = torch.device("cuda" if ranks == 1 else "cpu")
    if ranks > 1:
        import torch.distributed as distributed

        torch.set_num_threads(1)
        distributed.init_process_group(
            "gloo", init_method=f"tcp://127.0.0.1:{arguments.port}", rank=rank, world_size=ranks
        )
    network = Network(build_model(shape), shape)
    torch.manual_seed(5)
    auxiliary = Auxiliary(data.phone_count, shape.width)
    done, first, hours = 0.0, 0, 0.0
    checkpoint_path = arguments.work / "checkpoint.pt"
    if arguments.warm_start:
        network.whisper.load_state_dict(torch.load(arguments.warm_start, map_location="cpu")["model"])
    resumed = arguments.resume and checkpoint_path.exists()
    if resumed:
        saved = torch.load(checkpoint_path, map_location="cpu")
        network.whisper.load_state_dict(saved["model"])
        auxiliary.load_state_dict(saved["auxiliary"])
        first, hours, done = saved["step"], saved["hours"], saved["seconds"]
    network.to(device)
    auxiliary.to(device)
    torch.manual_seed(rank + first)
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
    if resumed:
        optimiser.load_state_dict(saved["optimiser"])
        del saved
    flat = torch.zeros(sum(p.numel() for p in parameters) + 1, device=device)
    total = arguments.minutes * 60
    if rank == 0:
        size = sum(p.numel() for p in network.parameters())
        print(f"{size} parameters, vocabulary {len(VOCABULARY)}, {len(data.utterances)} sentences, {data.hours:.1f} h, "
              f"{data.phone_count} phones", flush=True)  # fmt: skip
    begun = last_saved = last_logged = time.time()
    progress = done / total
    reports: dict[str, dict[str, float]] = {}
    if ranks == 1:
        made = batches_of_workers(data, arguments, lambda: progress, first)
    else:
        made = step_batches(data, arguments, lambda: progress, rank + 7 * first, first)
    for step in itertools.count(first):
        flat[-1] = done + time.time() - begun
        kind, batch = next(made)
        loss, report = losses(
            network,
            auxiliary,
            batch.to(device),
            0.6 if progress < 0.5 else 0.3,
            1.0 if progress < 0.6 else 0.6,
        )
        for p in parameters:
            p.grad = None
        loss.backward()
        flat[:-1] = torch.cat(
            [(torch.zeros_like(p) if p.grad is None else p.grad).reshape(-1) for p in parameters]
        )
        if ranks > 1:
            distributed.all_reduce(flat)
            flat /= ranks
        elapsed = float(flat[-1])
        progress = elapsed / total
        norm = float(flat[:-1].norm())
        rate = learning_rate(arguments.rate, step, progress)
        if math.isfinite(norm):
            flat[:-1] *= min(1.0, 1.0 / (norm + 1e-6))
            for p, part in zip(parameters, flat[:-1].split([p.numel() for p in parameters]), strict=True):
                p.grad = part.view_as(p)
            for group in optimiser.param_groups:
                group["lr"] = rate
            optimiser.step()
        hours += ranks * batch.mel.shape[0] * batch.mel.shape[2] / 360_000
        smooth = reports.setdefault(kind, report)
        for key, value in report.items():
            smooth[key] = 0.95 * smooth[key] + 0.05 * value
        if rank == 0 and (step + 1) % arguments.log_every == 0:
            now = time.time()
            parts = " | ".join(
                f"{k} " + " ".join(f"{n} {v:.3f}" for n, v in r.items()) for k, r in sorted(reports.items())
            )
            print(f"{elapsed:.0f} s step {step + 1} {(now - last_logged) / arguments.log_every:.2f} s/step {hours:.2f} h "
                  f"rate {rate:.1e} norm {norm:.2f} | {parts}", flush=True)  # fmt: skip
            last_logged = now
        if rank == 0 and (time.time() - last_saved > 110 or progress >= 1):
            state = {
                "model": network.whisper.state_dict(), "auxiliary": auxiliary.state_dict(), "optimiser": optimiser.state_dict(),
                "step": step + 1, "hours": hours, "seconds": elapsed, "vocabulary": VOCABULARY.all, "shape": asdict(shape),
            }  # fmt: skip
            torch.save(state, arguments.work / "checkpoint.tmp")
            (arguments.work / "checkpoint.tmp").replace(checkpoint_path)
            last_saved = time.time()
        if progress >= 1:
            break
    if rank == 0:
        summary = {"steps": step + 1, "hours_seen": round(hours, 1), "hours_of_speech": round(data.hours, 1),
                   "sentences": len(data.utterances), "minutes": round(elapsed / 60, 1), "device": device.type}  # fmt: skip
        (arguments.work / "training.json").write_text(json.dumps(summary), encoding="utf-8")
        print("done", summary, flush=True)
    if ranks > 1:
        distributed.destroy_process_group()


def arguments_of(argv: list[str] | None = None) -> argparse.Namespace:
    """Command line options."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "--work", type=Path, required=True, help="folder with the shards; checkpoint.pt goes there"
    )
    parser.add_argument("--minutes", type=float, default=80, help="wall time of the run")
    parser.add_argument(
        "--batch-seconds", type=float, help="audio per process and step; default 32, with CUDA 384"
    )
    parser.add_argument("--rate", type=float, default=1.6e-3, help="peak learning rate")
    parser.add_argument("--port", type=int, default=29511)
    parser.add_argument("--encoder-layers", type=int, default=4)
    parser.add_argument("--decoder-layers", type=int, default=3)
    parser.add_argument("--width", type=int, default=256)
    parser.add_argument("--log-every", type=int, default=20, help="steps between two lines of the log")
    parser.add_argument("--resume", action="store_true", help="go on from checkpoint.pt")
    parser.add_argument(
        "--warm-start", type=Path, help="begin with the weights of this checkpoint, without its curriculum"
    )
    return parser.parse_args(argv)


def main(argv: list[str] | None = None) -> None:
    """Command line."""
    arguments = arguments_of(argv)
    cuda = torch.cuda.is_available()
    arguments.batch_seconds = arguments.batch_seconds or (384 if cuda else 32)
    torch.set_num_threads(1)
    data = Data(arguments.work)
    (arguments.work / "trained_text.txt").write_text(
        "\n".join(sorted({u.text for u in data.utterances})), encoding="utf-8"
    )
    shape = Shape(arguments.width, arguments.encoder_layers, arguments.decoder_layers)
    gc.freeze()  # the other processes share the audio
    if cuda:
        train(0, 1, data, shape, arguments)
        return
    other = torch.multiprocessing.get_context("fork").Process(
        target=train, args=(1, 2, data, shape, arguments)
    )
    other.start()
    train(0, 2, data, shape, arguments)
    other.join()


if __name__ == "__main__":
    main()

#!/usr/bin/env python3
"""Train the small language model whose tensors lie in sw/model/.

For maintainers only: nothing in the build or in the tests runs this script, they
read the two .safetensors files it wrote. docs/model.md says what came out and how
to run it again.

Needs torch and safetensors, and the Debian packages bible-kjv and bible-kjv-text.
"""

import argparse
import hashlib
import json
import math
import os
import platform
import re
import struct
import subprocess
import sys
import time

import safetensors
import safetensors.torch
import torch
import torch.nn.functional as F
from torch import nn

DIM = 128
N_HEADS = 4
HEAD_DIM = DIM // N_HEADS
# Layer 2 is narrower on purpose: 344 is a multiple of 8 but not of 64, so the last
# block array of a row is incomplete and the code that pads it gets real data.
HIDDEN = (384, 384, 344, 384)
CONTEXT = 128
ROPE_THETA = 10000.0
NORM_EPS = 1e-5
BETAS = (0.9, 0.99)
CLIP = 1.0
VALIDATION_FRACTION = 0.05
WEIGHTS_LIMIT = 2 * 1024 * 1024
ACTIVATIONS_LIMIT = 1024 * 1024
N_VERSES = 31102


def rope_table():
    """cos and sin, [CONTEXT][HEAD_DIM/2], for pairs of neighbouring elements."""
    freq = ROPE_THETA ** (-torch.arange(0, HEAD_DIM, 2, dtype=torch.float64) / HEAD_DIM)
    angle = torch.outer(torch.arange(CONTEXT, dtype=torch.float64), freq)
    return angle.cos().float(), angle.sin().float()


def apply_rope(x, cos, sin):
    even, odd = x[..., 0::2], x[..., 1::2]
    return torch.stack((even * cos - odd * sin, even * sin + odd * cos), -1).flatten(-2)


class RMSNorm(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.ones(DIM))

    def forward(self, x):
        return F.rms_norm(x, (DIM,), self.weight, NORM_EPS)


class Attention(nn.Module):
    def __init__(self):
        super().__init__()
        self.wq = nn.Linear(DIM, DIM, bias=False)
        self.wk = nn.Linear(DIM, DIM, bias=False)
        self.wv = nn.Linear(DIM, DIM, bias=False)
        self.wo = nn.Linear(DIM, DIM, bias=False)

    def forward(self, x, cos, sin):
        batch, length, _ = x.shape

        def heads(y):
            return y.view(batch, length, N_HEADS, HEAD_DIM).transpose(1, 2)

        q = apply_rope(heads(self.wq(x)), cos, sin)
        k = apply_rope(heads(self.wk(x)), cos, sin)
        v = heads(self.wv(x))
        y = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        return self.wo(y.transpose(1, 2).reshape(batch, length, DIM))


class FeedForward(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.w1 = nn.Linear(DIM, hidden, bias=False)
        self.w2 = nn.Linear(hidden, DIM, bias=False)
        self.w3 = nn.Linear(DIM, hidden, bias=False)

    def forward(self, x):
        return self.w2(F.silu(self.w1(x)) * self.w3(x))


class Layer(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.attention_norm = RMSNorm()
        self.attention = Attention()
        self.ffn_norm = RMSNorm()
        self.feed_forward = FeedForward(hidden)

    def forward(self, x, cos, sin):
        x = x + self.attention(self.attention_norm(x), cos, sin)
        return x + self.feed_forward(self.ffn_norm(x))


class Model(nn.Module):
    """The attribute names make up the tensor names in weights.safetensors."""

    def __init__(self, n_vocab):
        super().__init__()
        self.tok_embeddings = nn.Embedding(n_vocab, DIM)
        self.layers = nn.ModuleList(Layer(hidden) for hidden in HIDDEN)
        self.norm = RMSNorm()
        self.output = nn.Linear(DIM, n_vocab, bias=False)
        cos, sin = rope_table()
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        for name, p in self.named_parameters():
            if p.dim() == 2:
                std = 0.02
                if name.endswith(("wo.weight", "w2.weight")):
                    # Keeps the variance of the residual stream near that of the embedding.
                    std /= math.sqrt(2 * len(HIDDEN))
                nn.init.normal_(p, 0.0, std)

    def forward(self, tokens):
        length = tokens.shape[1]
        cos, sin = self.cos[:length], self.sin[:length]
        x = self.tok_embeddings(tokens)
        for layer in self.layers:
            x = layer(x, cos, sin)
        return self.output(self.norm(x))


def package_version(name):
    cmd = ["dpkg-query", "-W", "-f=${Version}", name]
    return subprocess.run(cmd, check=True, capture_output=True, text=True).stdout.strip()


def read_text(bible):
    """The whole text, one verse a line, without the verse references."""
    # -f turns the page layout off: one verse a line, led by its reference. -p keeps the
    # program from taking a bible.data that happens to lie in the current directory.
    cmd = [bible, "-p", "/usr/lib", "-f", "ge1:1-rev22:21"]
    raw = subprocess.run(cmd, check=True, capture_output=True, stdin=subprocess.DEVNULL).stdout
    lines = raw.decode("ascii").splitlines()
    if len(lines) != N_VERSES:
        sys.exit(f"expected {N_VERSES} verses from {bible}, got {len(lines)}")
    reference = re.compile(r"^[1-3]?[A-Za-z]+[0-9]+:[0-9]+ ")
    verses = []
    for line in lines:
        verse, n = reference.subn("", line)
        if n != 1:
            sys.exit(f"no verse reference in: {line!r}")
        verses.append(verse)
    return "\n".join(verses) + "\n"


class Corpus:
    def __init__(self, bible):
        self.text = read_text(bible)
        self.sha256 = hashlib.sha256(self.text.encode("ascii")).hexdigest()
        self.vocab = "".join(sorted(set(self.text)))
        index = {c: i for i, c in enumerate(self.vocab)}
        tokens = torch.tensor([index[c] for c in self.text], dtype=torch.int64)
        # Rounded down, so that the training part never reaches into the validation part.
        self.split = int(len(tokens) * (1 - VALIDATION_FRACTION))
        self.train, self.validation = tokens[: self.split], tokens[self.split :]
        # The captured stretch starts with the first complete verse of the validation part.
        self.capture_start = self.text.index("\n", self.split) + 1
        self.capture = tokens[self.capture_start : self.capture_start + CONTEXT]
        self.capture_text = self.text[self.capture_start : self.capture_start + CONTEXT]

    def validation_windows(self):
        """Consecutive windows; each has one token more than the context, for the targets."""
        n = (len(self.validation) - 1) // CONTEXT
        return torch.stack(
            [self.validation[i * CONTEXT : (i + 1) * CONTEXT + 1] for i in range(n)]
        )

    def training_windows(self, n):
        """n windows spread evenly over the training part."""
        stride = (len(self.train) - CONTEXT - 1) // (n - 1)
        return torch.stack([self.train[i * stride : i * stride + CONTEXT + 1] for i in range(n)])


def window_loss(model, windows):
    logits = model(windows[:, :-1])
    return F.cross_entropy(logits.flatten(0, 1), windows[:, 1:].flatten())


@torch.no_grad()
def evaluate(model, windows):
    total = 0.0
    for chunk in windows.split(32):
        total += window_loss(model, chunk).item() * len(chunk)
    return total / len(windows)


@torch.no_grad()
def capture_inputs(model, tokens):
    """Inputs of all linear layers on one stretch of text, as BF16."""
    found = {}
    hooks = []

    def watch(module, name):
        def hook(_, args):
            found[name] = args[0][0].to(torch.bfloat16).contiguous()

        hooks.append(module.register_forward_pre_hook(hook))

    for i, layer in enumerate(model.layers):
        # wq, wk and wv read one and the same tensor, and so do w1 and w3.
        watch(layer.attention.wq, f"layers.{i}.attention.wqkv.input")
        watch(layer.attention.wo, f"layers.{i}.attention.wo.input")
        watch(layer.feed_forward.w1, f"layers.{i}.feed_forward.w13.input")
        watch(layer.feed_forward.w2, f"layers.{i}.feed_forward.w2.input")
    watch(model.output, "output.input")
    model(tokens[None])
    for hook in hooks:
        hook.remove()
    return found


def serialize(tensors, metadata):
    """Bytes of a .safetensors file with its metadata in a fixed order.

    The library writes the metadata in the order of a hash map that differs from run to
    run. Sorting it makes equal contents equal files.
    """
    for name, tensor in tensors.items():
        assert torch.isfinite(tensor.float()).all(), f"{name} has values that are not finite"
    raw = safetensors.torch.save(tensors, metadata=metadata)
    (size,) = struct.unpack("<Q", raw[:8])
    header = json.loads(raw[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    # ASCII escapes off, as the library has them; spaces up to a multiple of 8, as it pads.
    text = json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()
    text += b" " * (-len(text) % 8)
    data = struct.pack("<Q", len(text)) + text + raw[8 + size :]
    back = safetensors.torch.load(data)
    assert back.keys() == tensors.keys()
    assert all(torch.equal(back[name], tensors[name]) for name in tensors)
    return data


def write_file(path, data):
    """Write a file whole or not at all."""
    temp = f"{path}.tmp{os.getpid()}"
    try:
        with open(temp, "wb") as f:
            f.write(data)
            f.flush()
            os.fsync(f.fileno())
        os.chmod(temp, 0o644)
        os.replace(temp, path)
    except BaseException:
        if os.path.exists(temp):
            os.unlink(temp)
        raise


def rounded_model(model, n_vocab):
    """A copy of the model with BF16 weights that still computes in FP32."""
    copy = Model(n_vocab)
    copy.load_state_dict({k: v.to(torch.bfloat16).float() for k, v in model.state_dict().items()})
    copy.eval()
    return copy


def save(model, corpus, args, step, windows):
    """Write both files from the BF16-rounded model; return its two losses."""
    # Building a model draws random numbers; this keeps saving from changing the run.
    with torch.random.fork_rng():
        copy = rounded_model(model, len(corpus.vocab))
    train_loss = evaluate(copy, windows["train"])
    validation_loss = evaluate(copy, windows["validation"])
    weights = {k: v.to(torch.bfloat16).contiguous() for k, v in copy.state_dict().items()}
    n_parameters = sum(v.numel() for v in weights.values())
    common = {
        "producer": "scripts/train_model.py",
        "source": f"Debian package bible-kjv-text {package_version('bible-kjv-text')}, "
        f"extracted with bible-kjv {package_version('bible-kjv')}",
        "text_sha256": corpus.sha256,
    }
    metadata = dict(
        common,
        architecture=json.dumps(
            {
                "type": "llama",
                "dim": DIM,
                "n_layers": len(HIDDEN),
                "n_heads": N_HEADS,
                "hidden": list(HIDDEN),
                "context": CONTEXT,
                "rope": "interleaved pairs",
                "rope_theta": ROPE_THETA,
                "norm_eps": NORM_EPS,
                "tied_embedding": False,
            }
        ),
        vocab=json.dumps(corpus.vocab),
        split=f"characters 0 to {corpus.split - 1} train, "
        f"{corpus.split} to {len(corpus.text) - 1} validation",
        seed=str(args.seed),
        step=str(step),
        steps=str(args.steps),
        batch=f"{args.batch} windows of {CONTEXT} characters",
        optimizer=f"AdamW, peak learning rate {args.lr:g}, warmup {args.warmup} steps, cosine "
        f"decay to {args.lr * args.lr_floor:g}, betas {BETAS[0]:g} and {BETAS[1]:g}, weight "
        f"decay {args.weight_decay:g} on matrices, gradient norm clipped at {CLIP:g}",
        parameters=str(n_parameters),
        train_loss_nats_per_char=f"{train_loss:.4f}",
        validation_loss_nats_per_char=f"{validation_loss:.4f}",
        tools=tool_versions(),
    )
    weight_data = serialize(weights, metadata)
    activation_data = serialize(
        capture_inputs(copy, corpus.capture),
        dict(
            common,
            weights_sha256=hashlib.sha256(weight_data).hexdigest(),
            stretch=f"characters {corpus.capture_start} to "
            f"{corpus.capture_start + CONTEXT - 1}, within the validation part",
            text=json.dumps(corpus.capture_text),
        ),
    )
    assert len(weight_data) < WEIGHTS_LIMIT, len(weight_data)
    assert len(activation_data) <= ACTIVATIONS_LIMIT, len(activation_data)
    write_file(os.path.join(args.out, "weights.safetensors"), weight_data)
    write_file(os.path.join(args.out, "activations.safetensors"), activation_data)
    return train_loss, validation_loss


def tool_versions():
    return (
        f"Python {platform.python_version()}, torch {torch.__version__}, "
        f"safetensors {safetensors.__version__}"
    )


def learning_rate(args, step):
    if step < args.warmup:
        return args.lr * (step + 1) / args.warmup
    done = (step - args.warmup) / max(1, args.steps - args.warmup)
    floor = args.lr_floor
    return args.lr * (floor + (1 - floor) * 0.5 * (1 + math.cos(math.pi * done)))


def train(args, corpus):
    torch.manual_seed(args.seed)
    model = Model(len(corpus.vocab))
    decayed = [p for p in model.parameters() if p.dim() == 2]
    others = [p for p in model.parameters() if p.dim() != 2]
    groups = [
        {"params": decayed, "weight_decay": args.weight_decay},
        {"params": others, "weight_decay": 0.0},
    ]
    optimizer = torch.optim.AdamW(groups, lr=args.lr, betas=BETAS, fused=True)
    draw = torch.Generator().manual_seed(args.seed + 1)
    span = torch.arange(CONTEXT + 1)
    validation = corpus.validation_windows()
    windows = {"validation": validation, "train": corpus.training_windows(len(validation))}
    n_parameters = sum(p.numel() for p in model.parameters())
    print(f"{n_parameters} parameters, {len(corpus.vocab)} characters in the vocabulary")
    print(f"{len(corpus.train)} characters to train on, {len(corpus.validation)} to validate")

    start = time.monotonic()
    running = None
    for step in range(args.steps):
        for group in optimizer.param_groups:
            group["lr"] = learning_rate(args, step)
        at = torch.randint(len(corpus.train) - CONTEXT, (args.batch, 1), generator=draw)
        loss = window_loss(model, corpus.train[at + span])
        optimizer.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), CLIP)
        optimizer.step()
        value = loss.item()
        running = value if running is None else 0.98 * running + 0.02 * value
        if (step + 1) % args.print_every == 0:
            seconds = time.monotonic() - start
            print(f"step {step + 1}/{args.steps} loss {running:.4f} {seconds:.0f} s", flush=True)
        last = step + 1 == args.steps
        if last or (args.save_every and (step + 1) % args.save_every == 0):
            train_loss, validation_loss = save(model, corpus, args, step + 1, windows)
            print(
                f"saved at step {step + 1}: train {train_loss:.4f}, "
                f"validation {validation_loss:.4f} nats/char in BF16",
                flush=True,
            )


def read_metadata(path):
    with safetensors.safe_open(path, "pt") as f:
        return f.metadata()


def statistics(x):
    x = x.double().flatten()
    mean, std = x.mean(), x.std(correction=0)
    kurtosis = (((x - mean) / std) ** 4).mean().item() if std > 0 else float("nan")
    return x.abs().max().item(), std.item(), kurtosis


def report(args, corpus):
    """Check the files in args.out against the text and print what docs/model.md shows."""
    paths = [os.path.join(args.out, f) for f in ("weights.safetensors", "activations.safetensors")]
    weights, activations = (safetensors.torch.load_file(path) for path in paths)
    model = Model(len(corpus.vocab))
    model.load_state_dict({k: v.float() for k, v in weights.items()})
    model.eval()
    again = capture_inputs(model, corpus.capture)
    assert again.keys() == activations.keys()
    # Another CPU sums in another order, so the last bit of a BF16 value may differ.
    worst = max((again[k].float() - activations[k].float()).abs().max().item() for k in again)
    print(f"activations computed again: largest difference {worst:g}")
    validation = corpus.validation_windows()
    print(f"train loss {evaluate(model, corpus.training_windows(len(validation))):.4f} nats/char")
    print(f"validation loss {evaluate(model, validation):.4f} nats/char")
    print(f"parameters {sum(v.numel() for v in weights.values())}")
    print(f"text sha256 {corpus.sha256}")
    print(f"tools: {tool_versions()}")
    for path in paths:
        with open(path, "rb") as f:
            data = f.read()
        (size,) = struct.unpack("<Q", data[:8])
        assert size % 8 == 0
        print(f"\n{os.path.basename(path)}: {len(data)} bytes, header {size} bytes")
        print(f"sha256 {hashlib.sha256(data).hexdigest()}")
        for key, value in sorted(read_metadata(path).items()):
            print(f"  {key}: {value}")
    for tensors in (weights, activations):
        print("\n| tensor | shape | max abs | std | max / std | kurtosis |")
        print("|---|---|---|---|---|---|")
        for name, x in sorted(tensors.items()):
            biggest, std, kurtosis = statistics(x)
            shape = "".join(f"[{n}]" for n in x.shape)
            print(
                f"| `{name}` | {shape} | {biggest:.4g} | {std:.4g} "
                f"| {biggest / std:.1f} | {kurtosis:.2f} |"
            )


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", default=os.path.join(here, "..", "sw", "model"))
    parser.add_argument("--bible", default="bible", help="the program of package bible-kjv")
    parser.add_argument("--seed", type=int, default=1611)
    parser.add_argument("--steps", type=int, default=6500)
    parser.add_argument("--batch", type=int, default=16, help="windows in a step")
    parser.add_argument("--lr", type=float, default=3e-3, help="peak learning rate")
    parser.add_argument("--lr-floor", type=float, default=0.02, help="last rate / peak rate")
    parser.add_argument("--warmup", type=int, default=200, help="steps")
    parser.add_argument("--weight-decay", type=float, default=0.1)
    parser.add_argument("--save-every", type=int, default=0, help="steps; 0: at the end only")
    parser.add_argument("--print-every", type=int, default=100, help="steps")
    parser.add_argument("--report", action="store_true", help="no training: check and describe")
    args = parser.parse_args()

    # One thread and deterministic kernels: the same machine gives the same bytes again.
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    os.makedirs(args.out, exist_ok=True)
    corpus = Corpus(args.bible)
    if not args.report:
        train(args, corpus)
    report(args, corpus)


if __name__ == "__main__":
    main()

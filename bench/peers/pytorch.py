"""PyTorch as a peer: a process that takes one JSON command a line (arrays follow it as raw bytes), sets a job up or
repeats it, and answers one JSON line. One thread. The update is torch._foreach_add_, the fastest of five that were tried;
of images channels first and channels last, the faster one runs."""

import json
import sys
import time

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
commands, replies = sys.stdin.buffer, sys.stdout


def array(shape, dtype=torch.float32):
    count = 1
    for size in shape:
        count *= size
    return torch.frombuffer(bytearray(commands.read(4 * count)), dtype=dtype).reshape(shape)


def apply(layer, h, parameters):
    """A layer on images [batch, channels, height, width] or rows [batch, units]; `parameters` are this layer's own."""
    kind = layer["kind"]
    if kind == "dense":
        return torch.addmm(parameters[1], h, parameters[0])
    if kind == "conv":
        bias = parameters[1] if layer["bias"] else None
        return F.conv2d(h, parameters[0], bias, layer["stride"], layer["padding"])
    if kind == "batchNorm":
        running = torch.zeros_like(parameters[0]), torch.ones_like(parameters[0])
        return F.batch_norm(h, *running, *parameters, training=True)
    if kind == "maxPool":
        return F.max_pool2d(h, layer["size"])
    if kind == "globalAveragePool":
        return h.mean((2, 3))
    if kind == "flatten":
        return h.flatten(1)
    return {"relu": torch.relu_, "tanh": torch.tanh}[kind](h)


def training(net, layers, start, x, y):
    """A step as a function, from a start of its own."""
    parameters = [[p.clone().requires_grad_() for p in own] for own in start]
    flat = [p for own in parameters for p in own]
    loss = F.cross_entropy if net["loss"] == "crossEntropy" else F.mse_loss

    def once():
        h = x
        for layer, own in zip(layers, parameters):
            h = apply(layer, h, own)
        value = loss(h, y)
        slopes = torch.autograd.grad(value, flat)
        with torch.no_grad():
            torch._foreach_add_(flat, slopes, alpha=-net["learningRate"])
        return value.item()

    return once


def step(net, layers, checked):
    start = [[array(shape) for shape in layer["shapes"]] for layer in layers]
    x = array([net["batch"], *net["input"]])
    labels = net["loss"] == "crossEntropy"
    y = array([net["batch"]], torch.int32).long() if labels else array([net["batch"], *layers[-1]["output"]])
    steps = [training(net, layers, start, x, y)]
    if x.dim() == 4:
        images = [[p.to(memory_format=torch.channels_last) if p.dim() == 4 else p for p in own] for own in start]
        steps.append(training(net, layers, images, x.to(memory_format=torch.channels_last), y))
    answers = [[once() for _ in range(checked)] for once in steps]
    best = min(range(len(steps)), key=lambda i: duration(steps[i]))
    return steps[best], answers[best]


def duration(once, times=3):
    """The shortest of a few runs."""
    shortest = float("inf")
    for _ in range(times):
        begin = time.perf_counter()
        once()
        shortest = min(shortest, time.perf_counter() - begin)
    return shortest


def convolution(part, stride, padding, shapes, sample_stride):
    operands = [array(shape) for shape in shapes]

    def job(memory_format):
        x, kernel, dy = [operand.contiguous(memory_format=memory_format) for operand in operands]
        window = [stride, stride], [padding, padding], [1, 1]

        def once():
            with torch.inference_mode():
                if part == "forward":
                    return F.conv2d(x, kernel, None, stride, padding)
                wanted = [part == "input gradient", part == "filter gradient", False]
                slopes = torch.ops.aten.convolution_backward(dy, x, kernel, None, *window, False, [0, 0], 1, wanted)
                return next(slope for slope in slopes if slope is not None)

        return once

    once = min([job(torch.contiguous_format), job(torch.channels_last)], key=duration)
    order = [2, 3, 1, 0] if part == "filter gradient" else [0, 2, 3, 1]
    return once, once().permute(order).flatten()[::sample_stride].tolist()


def product(a, b, transpose_a, transpose_b, stride):
    a, b = array(a), array(b)
    a, b = (a.t() if transpose_a else a), (b.t() if transpose_b else b)

    def once():
        with torch.inference_mode():
            torch.mm(a, b)

    return once, torch.mm(a, b).flatten()[::stride].tolist()


def blas():
    """What multiplies matrices: with Debian's reference BLAS, PyTorch runs far below its best."""
    with open("/proc/self/maps") as maps:
        loaded = maps.read().lower()
    known = {"openblas": "OpenBLAS", "libmkl": "MKL", "libblis": "BLIS", "atlas": "ATLAS"}
    if torch.backends.mkl.is_available():
        return "MKL"
    return next((name for key, name in known.items() if key in loaded), "reference BLAS, slow")


def reply(**answer):
    print(json.dumps(answer), file=replies, flush=True)


reply(details=f"PyTorch {torch.__version__} ({blas()})")
jobs = []
for line in commands:
    command = json.loads(line)
    if command["do"] == "run":
        for _ in range(command["times"]):
            jobs[command["job"]]()
        reply()
    else:
        setup = {"step": step, "product": product, "convolution": convolution}[command.pop("do")]
        job, answer = setup(**command)
        jobs.append(job)
        reply(job=len(jobs) - 1, answer=answer)

"""PyTorch as a peer: a process that takes one JSON command a line (arrays follow it as raw bytes), sets a job up or
repeats it, and answers one JSON line. One thread. The update is torch._foreach_add_, the fastest of five that were tried."""

import json
import sys

import torch
import torch.nn.functional as F

torch.set_num_threads(1)
commands, replies = sys.stdin.buffer, sys.stdout


def array(shape, dtype=torch.float32):
    count = 1
    for size in shape:
        count *= size
    return torch.frombuffer(bytearray(commands.read(4 * count)), dtype=dtype).reshape(shape)


def step(net, checked):
    widths, batch, rate = net["widths"], net["batch"], net["learningRate"]
    layers = len(widths) - 1
    parameters = []
    for inputs, outputs in zip(widths, widths[1:]):
        parameters += [array([inputs, outputs]).requires_grad_(), array([outputs]).requires_grad_()]
    x = array([batch, widths[0]])
    labels = net["loss"] == "crossEntropy"
    y = array([batch], torch.int32).long() if labels else array([batch, widths[-1]])
    activation = torch.relu if net["activation"] == "relu" else torch.tanh
    loss = F.cross_entropy if labels else F.mse_loss

    def once():
        h = x
        for i in range(layers):
            h = torch.addmm(parameters[2 * i + 1], h, parameters[2 * i])
            if i < layers - 1:
                h = activation(h)
        value = loss(h, y)
        slopes = torch.autograd.grad(value, parameters)
        with torch.no_grad():
            torch._foreach_add_(parameters, slopes, alpha=-rate)
        return value.item()

    return once, [once() for _ in range(checked)]


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
        setup = {"step": step, "product": product}[command.pop("do")]
        job, answer = setup(**command)
        jobs.append(job)
        reply(job=len(jobs) - 1, answer=answer)

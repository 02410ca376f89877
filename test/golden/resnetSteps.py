# Ten SGD steps (momentum 0.9, weight decay 1e-3) of ResNet-8 of width 4 on images of 8x8x3 in float64: writes
# resnetSteps.json. Option A shortcuts: every second pixel, channels padded with zeros. Numbers are in thalweg's order:
# channels last, kernels HWIO, layer by layer. Run with a Python that has torch; the tests need only the JSON.
import json, math, torch
import torch.nn.functional as F

torch.set_default_dtype(torch.float64)


def lin(n, *shape):
    return torch.tensor([math.sin(0.37 * i + 0.11 + n) for i in range(math.prod(shape))]).reshape(shape)


parameters, statistics = [], []


def parameter(value):
    parameters.append(value.clone().requires_grad_())
    return parameters[-1]


class ConvNorm:
    """3x3 without bias, then batch normalisation."""

    def __init__(self, inputs, outputs, stride=1):
        n = len(parameters)
        self.kernel = parameter(0.3 * lin(n, 3, 3, inputs, outputs))
        self.scale = parameter(1 + 0.1 * lin(n + 1, outputs))
        self.shift = parameter(0.1 * lin(n + 2, outputs))
        self.mean, self.variance, self.stride = torch.zeros(outputs), torch.ones(outputs), stride
        statistics.extend([self.mean, self.variance])

    def __call__(self, x):
        y = F.conv2d(x, self.kernel.permute(3, 2, 0, 1), stride=self.stride, padding=1)
        return F.batch_norm(y, self.mean, self.variance, self.scale, self.shift, training=True, momentum=0.1, eps=1e-5)


class Block:
    def __init__(self, inputs, outputs, stride):
        self.first, self.second = ConvNorm(inputs, outputs, stride), ConvNorm(outputs, outputs)
        self.stride, self.more = stride, outputs - inputs

    def __call__(self, x):
        y = self.second(torch.relu(self.first(x)))
        x = x[:, :, :: self.stride, :: self.stride]
        before = self.more // 2
        return torch.relu(y + F.pad(x, (0, 0, 0, 0, before, self.more - before)))


start = ConvNorm(3, 4)
blocks = [Block(4, 4, 1), Block(4, 8, 2), Block(8, 16, 2)]
weights, bias = parameter(0.3 * lin(len(parameters), 16, 3)), parameter(0.1 * lin(len(parameters), 3))
optimizer = torch.optim.SGD(parameters, lr=0.05, momentum=0.9, weight_decay=1e-3)
losses = []
for step in range(10):
    x = lin(20 + step, 5, 8, 8, 3).permute(0, 3, 1, 2)
    y = torch.tensor([(2 * i + step) % 3 for i in range(5)])
    optimizer.zero_grad()
    h = torch.relu(start(x))
    for block in blocks:
        h = block(h)
    loss = F.cross_entropy(h.mean((2, 3)) @ weights + bias, y)
    loss.backward()
    optimizer.step()
    losses.append(loss.item())
rows = {
    "losses": losses,
    "parameters": [round(v, 8) for p in parameters for v in p.detach().flatten().tolist()],
    "statistics": [round(v, 8) for s in statistics for v in s.tolist()],
}
json.dump(rows, open(__file__.replace(".py", ".json"), "w"))

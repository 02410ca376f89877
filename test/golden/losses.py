# Losses of single examples and their gradients by the prediction, in float64: writes losses.json. Where PyTorch has no
# such loss, its formula. Run with a Python that has torch; the tests need only the JSON.
import json, math, torch
import torch.nn.functional as F
torch.set_default_dtype(torch.float64)

def lin(n, *shape):
    count = math.prod(shape)
    return torch.tensor([3 * math.sin(0.73 * i + 0.11 + n) for i in range(count)]).reshape(shape)

def row(prediction, target, each):
    prediction = prediction.clone().requires_grad_()
    losses = each(prediction, target)
    losses.sum().backward()
    return {
        "shape": list(prediction.shape),
        "prediction": prediction.detach().flatten().tolist(),
        "target": target.flatten().tolist(),
        "loss": losses.tolist(),
        "gradient": prediction.grad.flatten().tolist(),
    }

logits = lin(1, 6, 4)
labels = torch.tensor([3, 0, 1, 2, 3, 1])
distributions = torch.softmax(lin(2, 6, 4), 1)
distributions[0] = torch.tensor([0.0, 1.0, 0.0, 0.0])
weights = torch.tensor([0.5, 2.0, 1.25, 0.0])
scores = lin(3, 8, 2)
signs = torch.tensor([[1.0, -1.0]] * 3 + [[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0], [-1.0, -1.0]])
bits = (signs + 1) / 2
sign_weights = torch.where(signs > 0, 3.0, 0.25)

def margin(of):
    return lambda f, y: of(f * y).mean(1)

def smooth_hinge(gamma):
    return margin(lambda z: F.huber_loss(torch.relu(1 - z), torch.zeros_like(z), reduction="none", delta=gamma) / gamma)

def focal(gamma, weight=None):
    def each(x, y):
        log_p = torch.log_softmax(x, 1)[range(len(y)), y]
        return (1 - log_p.exp()) ** gamma * -log_p * (1 if weight is None else weight[y])
    return each

def binary_focal(gamma):
    def each(x, y):
        p = torch.sigmoid(x)
        p_t = p * y + (1 - p) * (1 - y)
        return ((1 - p_t) ** gamma * F.binary_cross_entropy_with_logits(x, y, reduction="none")).mean(1)
    return each

def triplet(x, y):
    both = [F.triplet_margin_loss(x[:, 0], x[:, i], x[:, j], margin=1.5, reduction="none") for i, j in ((1, 2), (2, 1))]
    return torch.where(y > 0, both[0], both[1])

json.dump({
    "crossEntropyWeighted": row(logits, labels, lambda x, y: F.cross_entropy(x, y, weights, reduction="none")),
    "crossEntropyWeightedSmoothed": row(logits, labels,
        lambda x, y: F.cross_entropy(x, y, weights, reduction="none", label_smoothing=0.2)),
    "crossEntropyWeightedDistributions": row(logits, distributions,
        lambda x, y: F.cross_entropy(x, y, weights, reduction="none")),
    "binaryCrossEntropyWeighted": row(scores, torch.sigmoid(lin(5, 8, 2)),
        lambda x, y: F.binary_cross_entropy_with_logits(x, y, reduction="none", pos_weight=torch.tensor([3.0])).mean(1)),
    "focal": row(logits, labels, focal(2)),
    "focalWeightedHalf": row(logits, labels, focal(0.5, weights)),
    "binaryFocal": row(scores, bits, binary_focal(2)),
    "klDivergence": row(logits, distributions,
        lambda x, y: F.kl_div(F.log_softmax(x, 1), y, reduction="none").sum(1)),
    "hingeWeighted": row(scores, signs, lambda f, y: (torch.relu(1 - f * y) * sign_weights).mean(1)),
    "squaredHinge": row(scores, signs, margin(lambda z: torch.relu(1 - z) ** 2)),
    "smoothHinge": row(scores, signs, smooth_hinge(1)),
    "smoothHingeNarrow": row(scores, signs, smooth_hinge(0.25)),
    "logistic": row(scores, signs, lambda f, y: F.soft_margin_loss(f, y, reduction="none").mean(1)),
    "exponential": row(scores, signs, margin(lambda z: (-z).exp())),
    "relaxedZeroOne": row(scores, signs, margin(lambda z: torch.sigmoid(-z / 0.5))),
    "poisson": row(scores, torch.tensor([float(i % 5) for i in range(16)]).reshape(8, 2),
        lambda x, y: F.poisson_nll_loss(x, y, reduction="none").mean(1)),
    "cosine": row(lin(1, 5, 4), lin(7, 5, 4), lambda x, y: 1 - F.cosine_similarity(x, y)),
    "triplet": row(lin(9, 6, 3, 4) / 3, torch.tensor([1.0, -1.0, 1.0, 1.0, -1.0, -1.0]), triplet),
}, open(__file__.replace(".py", ".json"), "w"), indent=1)

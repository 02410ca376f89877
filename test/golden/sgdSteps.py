# Ten SGD steps of an MLP 6-8-4 (relu, cross-entropy) in float64: writes sgdSteps.json. Weights are [in, out] as in
# thalweg. Run with a Python that has torch; the tests need only the JSON.
import json, math, torch
torch.set_default_dtype(torch.float64)

def lin(n, *shape):
    count = math.prod(shape)
    return torch.tensor([math.sin(0.37 * i + 0.11 + n) for i in range(count)]).reshape(shape)

batches = [(lin(10 + s, 5, 6), torch.tensor([(3 * i + s) % 4 for i in range(5)])) for s in range(10)]
rows = {}
for name, options in {
    "plain": dict(lr=0.1),
    "momentum": dict(lr=0.05, momentum=0.9),
    "nesterov": dict(lr=0.05, momentum=0.9, nesterov=True, weight_decay=0.01),
}.items():
    parameters = [lin(1, 6, 8), lin(2, 8), lin(3, 8, 4), lin(4, 4)]
    for p in parameters:
        p.requires_grad_()
    w1, b1, w2, b2 = parameters
    optimizer = torch.optim.SGD(parameters, **options)
    losses = []
    for x, y in batches:
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(torch.relu(x @ w1 + b1) @ w2 + b2, y)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    rows[name] = {"losses": losses, "parameters": [v for p in parameters for v in p.detach().flatten().tolist()]}
json.dump(rows, open(__file__.replace(".py", ".json"), "w"), indent=1)

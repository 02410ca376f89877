# Metrics of irregular predictions by scikit-learn: writes metrics.json. The calibration error, which it has not got, is
# Guo et al.'s formula. Run with a Python that has scikit-learn; the tests need only the JSON.
import json, math
import numpy as np
from sklearn import metrics as sk

def lin(n, *shape):
    return np.array([math.sin(0.73 * i + 0.11 + n) + math.sin(1.91 * i + n) for i in range(math.prod(shape))]).reshape(shape)

def softmax(x):
    e = np.exp(x - x.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)

def calibration(p, y, bins=15):
    confidence, right = p.max(1), p.argmax(1) == y
    bin = np.clip(np.ceil(confidence * bins) - 1, 0, bins - 1)
    return sum(abs(confidence[bin == b].sum() - right[bin == b].sum()) for b in range(bins)) / len(y)

def averages(predicted, y, kinds):
    of = {"precision": sk.precision_score, "recall": sk.recall_score, "f1": sk.f1_score}
    return {name: {a: float(f(y, predicted, average=a, zero_division=0)) for a in kinds} for name, f in of.items()}

n = 60
# class 3 is never predicted, class 4 is never there
scores = lin(1, n, 5) - np.array([0, 0, 0, 9, 0])
labels = np.array([(7 * i * i + i // 3) % 4 for i in range(n)])
p = softmax(scores)
multi = {
    "scores": scores.flatten().tolist(), "probabilities": p.flatten().tolist(), "labels": labels.tolist(),
    "accuracy": sk.accuracy_score(labels, p.argmax(1)),
    "zeroOneLoss": sk.zero_one_loss(labels, p.argmax(1)),
    "top2": sk.top_k_accuracy_score(labels, scores, k=2, labels=range(5)),
    "top3": sk.top_k_accuracy_score(labels, scores, k=3, labels=range(5)),
    "confusion": sk.confusion_matrix(labels, p.argmax(1), labels=range(5)).tolist(),
    "logLoss": sk.log_loss(labels, p, labels=range(5)),
    "calibration": calibration(p, labels), "calibration4": calibration(p, labels, 4),
    **averages(p.argmax(1), labels, ["macro", "micro", "weighted"]),
}
p3 = softmax(np.round(2 * lin(2, n, 3)) / 2)  # with ties
labels3 = np.array([(5 * i + i // 4) % 3 for i in range(n)])
three = {"probabilities": p3.flatten().tolist(), "labels": labels3.tolist(),
         "auc": sk.roc_auc_score(labels3, p3, multi_class="ovr")}

score = np.round(4 * lin(3, n)) / 4  # with ties
yes = (lin(3, n) + lin(8, n) > 0.4).astype(int)
q = 1 / (1 + np.exp(-lin(3, n)))
two = {
    "scores": score.tolist(), "probabilities": q.tolist(), "labels": yes.tolist(),
    "auc": sk.roc_auc_score(yes, score), "accuracy": sk.accuracy_score(yes, q > 0.5), "logLoss": sk.log_loss(yes, q),
    "calibration": calibration(np.stack([1 - q, q], 1), yes),
    **averages((q > 0.5).astype(int), yes, ["binary", "macro", "micro", "weighted"]),
}

prediction, value = lin(4, n, 2), lin(4, n, 2) + 0.3 * lin(9, n, 2)
regression = {
    "predictions": prediction.flatten().tolist(), "targets": value.flatten().tolist(),
    "meanAbsoluteError": sk.mean_absolute_error(value.flatten(), prediction.flatten()),
    "rootMeanSquaredError": sk.mean_squared_error(value.flatten(), prediction.flatten(), squared=False),
    "r2": sk.r2_score(value.flatten(), prediction.flatten()), "r2OfTwo": sk.r2_score(value, prediction),
}
json.dump({"multi": multi, "three": three, "two": two, "regression": regression},
          open(__file__.replace(".py", ".json"), "w"), indent=1)

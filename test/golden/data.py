# What NumPy and scikit-learn make of data: writes data.json. Run with a Python that has both; the tests need only the JSON.
import base64, io, json
import numpy as np
from sklearn import datasets
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

def file(save, *args, **kw):
    out = io.BytesIO()
    save(out, *args, **kw)
    return base64.b64encode(out.getvalue()).decode()

values = [0, 1, 2, 100, 127, 3]
arrays = {code: np.array(values).astype(code).reshape(2, 3)
          for code in ["<f4", "<f8", ">f4", ">f8", "|i1", "|u1", "<i2", ">i2", "<u2", "<i4", ">i4", "<u4", "<i8", ">i8", "<u8"]}
cube = np.arange(24, dtype="<f4").reshape(2, 3, 4)
npy = {
    "arrays": {code: file(np.save, a) for code, a in arrays.items()},
    "values": values,
    "fortran": file(np.save, np.asfortranarray(cube)),
    "scalar": file(np.save, np.float64(2.5)),
    "empty": file(np.save, np.zeros((0, 3))),
    "booleans": file(np.save, np.array([True, False, True])),
    "complex": file(np.save, np.array([1j])),
    "strings": file(np.save, np.array(["a"])),
    "records": file(np.save, np.zeros(2, dtype=[("a", "<f4"), ("b", "<i4")])),
    "version2": file(np.lib.format.write_array, cube, version=(2, 0)),
    "stored": file(np.savez, x=cube, y=np.array([1, 2], dtype="<i4")),
    "deflated": file(np.savez_compressed, x=cube, y=np.array([1, 2], dtype="<i4")),
}

classics = {}
for name, load in [("iris", datasets.load_iris), ("wine", datasets.load_wine),
                   ("breastCancer", datasets.load_breast_cancer), ("digits", datasets.load_digits)]:
    d = load()
    scale = 16 if name == "digits" else 1
    classics[name] = {
        "mean": (d.data.mean(0) / scale).tolist(), "deviation": (d.data.std(0) / scale).tolist(),
        "counts": {str(n): int((d.target == i).sum()) for i, n in enumerate(d.target_names)},
    }

numbers = np.array([[1.5, -20], [2.5, 40], [4.0, 10], [-3.0, 15]])
later = np.array([[0.0, 100.0]])
words = np.array([["b"], ["a"], ["c"], ["a"]])
encode = {
    "numbers": numbers.tolist(), "later": later.tolist(), "words": words.flatten().tolist(),
    "standard": StandardScaler().fit_transform(numbers).tolist(),
    "standardLater": StandardScaler().fit(numbers).transform(later).tolist(),
    "minMax": MinMaxScaler().fit_transform(numbers).tolist(),
    "minMaxLater": MinMaxScaler().fit(numbers).transform(later).tolist(),
    "oneHot": OneHotEncoder(sparse_output=False).fit_transform(words).tolist(),
}
json.dump({"npy": npy, "classics": classics, "encode": encode}, open(__file__.replace(".py", ".json"), "w"), indent=1)

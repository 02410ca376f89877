# Writes the four tables beside this file from those of scikit-learn, with a row of names and the classes' names in the
# last column. Run with a Python that has scikit-learn; who uses the library needs only the tables.
import gzip, os
from sklearn import datasets

def number(value):
    return repr(int(value)) if value == int(value) else repr(float(value))

here = os.path.dirname(os.path.abspath(__file__))
for name, load, target in [
    ("iris", datasets.load_iris, "species"),
    ("wine", datasets.load_wine, "cultivar"),
    ("breastCancer", datasets.load_breast_cancer, "diagnosis"),
    ("digits", datasets.load_digits, "digit"),
]:
    data = load()
    columns = [c.replace(" (cm)", "").replace("/", " or ").replace(" ", "_") for c in data.feature_names]
    rows = [",".join([*columns, target])]
    rows += [",".join([*map(number, x), str(data.target_names[y])]) for x, y in zip(data.data, data.target)]
    text = ("\n".join(rows) + "\n").encode()
    if name == "digits":
        with open(os.path.join(here, "digits.csv.gz"), "wb") as file:
            file.write(gzip.compress(text, 9, mtime=0))
    else:
        open(os.path.join(here, name + ".csv"), "wb").write(text)

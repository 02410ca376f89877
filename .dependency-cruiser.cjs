// The layering of the tree: nothing imports upward. Each layer lists the others it may import, and the files of which
// it may import types alone.
const kernels = "^bindings/generated/kernels";
const publicNames = "^(src/index|src/(data|metrics|science)/index|bindings/arrays|bindings/inline)\\.ts$";
const rules = ["graph", "ops"];
/** Imports nothing; every file of src may import it. */
const checks = "^src/checks\\.ts$";

const layers = [
  { name: "assembly", path: "^assembly/" },
  { name: "bindings", path: "^bindings/" },
  { name: "graph", path: "^src/graph/", types: kernels },
  { name: "ops", path: "^src/ops/", may: ["graph"], types: kernels },
  { name: "plan", path: "^src/plan/", may: rules, also: kernels },
  { name: "nn", path: "^src/nn/", may: rules },
  { name: "losses", path: "^src/losses", may: rules },
  { name: "regularizers", path: "^src/regularizers", may: rules, types: "^src/nn/layer" },
  { name: "optimizers", path: "^src/optimizers/", may: rules, types: "^src/nn/layer" },
  { name: "metrics", path: "^src/metrics/" },
  { name: "schedules", path: "^src/schedules", types: "^src/optimizers/optimizer" },
  { name: "chain", path: "^src/chain", may: ["graph", "nn", "optimizers"] },
  { name: "data", path: "^src/data/", also: "^bindings/platform/" },
  {
    name: "training",
    path: "^src/training/",
    may: [...rules, "plan", "nn", "losses", "regularizers", "optimizers", "data", "bindings"],
  },
  {
    name: "science",
    path: "^src/science/",
    may: ["graph", "ops", "data", "training", "bindings"],
    also: "^src/files/(place|checksum)",
  },
  // As a user would write them.
  { name: "cli", path: "^src/cli", may: ["lecture"], also: publicNames },
  { name: "lecture", path: "^src/lecture/", also: publicNames },
  { name: "page", path: "^src/page/", also: publicNames },
];

const pathOf = (name) => layers.find((layer) => layer.name === name).path;

const layering = layers.flatMap(({ name, path, may = [], also, types }) => {
  const allowed = [path, ...may.map(pathOf), ...(also ? [also] : []), ...(path.startsWith("^src/") ? [checks] : [])];
  const tree = "^(assembly|bindings|src|test|bench)/";
  const rule = { severity: "error", from: { path } };
  return [
    { ...rule, name: `${name}-layer`, to: { path: tree, pathNot: types ? [...allowed, types] : allowed } },
    ...(types ? [{ ...rule, name: `${name}-types`, to: { path: types, dependencyTypesNot: ["type-only"] } }] : []),
  ];
});

module.exports = {
  forbidden: [
    ...layering,
    {
      name: "cycle",
      comment: "Only gradient rules need each other: those of src/ops.",
      severity: "error",
      from: { pathNot: pathOf("ops") },
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "unresolved",
      severity: "error",
      from: {},
      to: { couldNotResolve: true },
    },
    {
      name: "development-dependency",
      comment: "What runs at a user's imports packages of `dependencies` alone; as-bind is bundled.",
      severity: "error",
      from: { path: "^(src|bindings)/", pathNot: "^bindings/(build|asBind)" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["thalweg-source", "import", "node", "default", "types"],
      extensions: [".ts", ".js", ".d.ts"],
    },
  },
};

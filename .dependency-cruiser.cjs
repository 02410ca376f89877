// The layering of the tree: nothing imports upward. Each layer lists what it may import, besides itself.
const layers = {
  assembly: { path: "^assembly/", may: [] },
  bindings: { path: "^bindings/", may: [] },
  graph: { path: "^src/graph/", may: [] },
  ops: { path: "^src/ops/", may: ["graph"] },
  plan: { path: "^src/plan/", may: ["graph", "ops"], also: "^bindings/generated/kernels" },
  nn: { path: "^src/nn/", may: ["graph", "ops"] },
  losses: { path: "^src/losses", may: ["graph", "ops"] },
  regularizers: { path: "^src/regularizers", may: ["graph", "ops"] },
  optimizers: { path: "^src/optimizers/", may: ["graph", "ops"] },
  data: { path: "^src/data/", may: [], also: "^bindings/platform/" },
  training: {
    path: "^src/training/",
    may: ["graph", "ops", "plan", "nn", "losses", "regularizers", "optimizers", "data", "bindings"],
  },
  // As a user would write them: "thalweg" and its entry points, by name.
  cli: { path: "^src/cli", may: [], also: "^(src/index|src/data/index|bindings/(arrays|inline))\\.ts$" },
  lecture: { path: "^src/lecture/", may: [], also: "^(src/index|src/data/index|bindings/(arrays|inline))\\.ts$" },
  page: { path: "^src/page/", may: [], also: "^(src/index|src/data/index|bindings/(arrays|inline))\\.ts$" },
};

const layering = Object.entries(layers).map(([name, { path, may, also }]) => {
  const allowed = [path, ...may.map((other) => layers[other].path), ...(also ? [also] : [])];
  return {
    name: `${name}-imports-only-${may.join("-") || "itself"}`,
    severity: "error",
    from: { path },
    to: { path: "^(assembly|bindings|src|test|bench)/", pathNot: allowed },
  };
});

module.exports = {
  forbidden: [
    ...layering,
    {
      name: "no-cycles",
      comment: "Only gradient rules need each other: those of src/ops.",
      severity: "error",
      from: { pathNot: layers.ops.path },
      to: { circular: true },
    },
    {
      name: "no-unresolvable",
      severity: "error",
      from: { path: "^(bindings|src)/" },
      to: { couldNotResolve: true },
    },
    {
      name: "users-install-it",
      comment: "What runs at a user's may import packages of `dependencies` alone.",
      severity: "error",
      from: { path: "^(src|bindings)/", pathNot: "^bindings/(build|asBind)" },
      to: { dependencyTypes: ["npm-dev", "npm-no-pkg", "npm-unknown"] },
    },
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { conditionNames: ["thalweg-source", "import", "node", "default"], extensions: [".ts", ".js"] },
  },
};

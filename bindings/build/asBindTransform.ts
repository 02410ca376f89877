// What as-bind 0.8.2's own transform did for AssemblyScript 0.19, for today's compiler: writes the signatures of the
// exported functions, and of imported ones such as abort, into the custom section `as-bind_bindings`.
import * as assemblyscript from "assemblyscript";
import { Transform } from "assemblyscript/transform";

/** The few compiler objects that are read here; the compiler's own typings are not an ES module's. */
interface Type {
  getClass(): { readonly internalName: string } | null;
  toString(): string;
}
interface Signature {
  readonly parameterTypes: readonly Type[];
  readonly returnType: Type;
}
interface Element {
  readonly name: string;
  readonly flags: number;
  /** Compiled versions of a function, by type arguments; "" for a function that is not generic. */
  readonly instances?: ReadonlyMap<string, { readonly signature: Signature }> | null;
}
interface Program {
  readonly elementsByDeclaration: ReadonlyMap<unknown, Element>;
  readonly managedClasses: ReadonlyMap<
    number,
    { readonly id: number; readonly internalName: string; readonly nextMemoryOffset: number }
  >;
  readonly moduleImports: ReadonlyMap<string, ReadonlyMap<string, { readonly signature: Signature }>>;
}
interface Descriptor {
  readonly returnType: string;
  readonly parameters: readonly string[];
}

// A const enum to the type checker, an object at run time.
const { CommonFlags } = assemblyscript as unknown as { CommonFlags: { readonly ModuleExport: number } };

const typeName = (type: Type): string => type.getClass()?.internalName ?? type.toString();

const describe = ({ parameterTypes, returnType }: Signature): Descriptor => ({
  returnType: typeName(returnType),
  parameters: parameterTypes.map(typeName),
});

export default class AsBindTransform extends Transform {
  /** Set by asc before it makes an instance. */
  declare readonly program: Program;

  afterCompile(module: { addCustomSection(name: string, contents: Uint8Array): void }): void {
    const program = this.program;
    const exportedFunctions: Record<string, Descriptor> = {};
    for (const { name, flags, instances } of program.elementsByDeclaration.values()) {
      if (!(flags & CommonFlags.ModuleExport) || !instances) continue;
      const compiled = instances.get("");
      if (!compiled)
        throw new Error(`build: arrays.ts exports the generic function ${name}; export one without type parameters`);
      exportedFunctions[name] = describe(compiled.signature);
    }
    const importedFunctions: Record<string, Record<string, Descriptor>> = {};
    for (const [from, functions] of program.moduleImports)
      importedFunctions[from] = Object.fromEntries([...functions].map(([name, f]) => [name, describe(f.signature)]));
    const classes = [...program.managedClasses.values()];
    const typeIds = Object.fromEntries(
      classes.map((c) => [c.internalName, { id: c.id, byteSize: c.nextMemoryOffset }]),
    );
    const text = JSON.stringify({ typeIds, importedFunctions, exportedFunctions });
    module.addCustomSection("as-bind_bindings", new TextEncoder().encode(text));
  }
}

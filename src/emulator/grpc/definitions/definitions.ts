/** The definitions of the gRPC services: their methods, and the REST routes that the methods are bound to. */

import type { DescMethod, FileRegistry } from "@bufbuild/protobuf";
import { loadRegistry } from "../../wire/registry.js";
import { type Binding, bindingsOf, serviceName } from "./bindings.js";

/** A method of the platform's service. It has at least one binding. */
export interface ServedMethod {
  desc: DescMethod;
  bindings: readonly [Binding, ...Binding[]];
}

export interface Definitions {
  registry: FileRegistry;
  /** Methods of the platform's service by their paths, such as `/clarifai.api.V2/PostInputs`. */
  methods: ReadonlyMap<string, ServedMethod>;
}

/** Loads the definitions. */
export function loadDefinitions(): Definitions {
  const registry = loadRegistry();
  const methods = new Map<string, ServedMethod>();
  for (const desc of registry.getService(serviceName)?.methods ?? []) {
    const [first, ...others] = bindingsOf(desc, registry);
    if (first) methods.set(`/${serviceName}/${desc.name}`, { desc, bindings: [first, ...others] });
  }
  return { registry, methods };
}

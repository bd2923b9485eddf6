/** Writes the signatures of functions, with the parameters of a plugin by their names. */

import ts from "typescript";
import type { PublicType, TypeText } from "./type-text.js";

const maxWidth = 90;

export interface Parameter {
  name: string;
  type: ts.Type;
  text: string;
  isOptional: boolean;
}

export class Signatures {
  constructor(
    private readonly checker: ts.TypeChecker,
    private readonly types: TypeText,
  ) {}

  write(name: string, signature: ts.Signature): string {
    this.types.prefer(optionsName(name));
    const parameters = this.parametersOf(signature).map(
      ({ name, text, isOptional }) => `${name}${isOptional ? "?" : ""}: ${text}`,
    );
    const types = signature.getTypeParameters()?.map((type) => this.checker.typeToString(type)) ?? [];
    const start = `${name}${types.length > 0 ? `<${types.join(", ")}>` : ""}`;
    const end = `: ${this.types.write(signature.getReturnType())}`;
    const line = `${start}(${parameters.join(", ")})${end}`;
    if (line.length <= maxWidth || parameters.length === 0) return line;
    return `${start}(\n${parameters.map((parameter) => `  ${parameter},\n`).join("")})${end}`;
  }

  /** Returns the named options that a function takes. */
  optionsOf(name: string, signature: ts.Signature): PublicType | undefined {
    this.types.prefer(optionsName(name));
    for (const { type } of this.parametersOf(signature)) {
      const plain = this.checker.getNonNullableType(type);
      const found = this.types.find(plain) ?? this.types.find(plain, ["shard"]);
      if (found && /Options?$/.test(found.name)) return found;
    }
    return undefined;
  }

  /** The parameters of a plugin are a tuple with names, since `define…` makes its function. */
  private parametersOf(signature: ts.Signature): Parameter[] {
    const tuple = this.restTuple(signature);
    if (!tuple) return signature.getParameters().map((parameter) => this.parameterOf(parameter));
    const { labeledElementDeclarations = [], elementFlags } = tuple.target as ts.TupleType;
    return this.checker.getTypeArguments(tuple).map((type, index) => {
      const label = labeledElementDeclarations[index]?.name;
      const isOptional = Boolean((elementFlags[index] ?? 0) & ts.ElementFlags.Optional);
      const name = label && ts.isIdentifier(label) ? label.text : `argument${index + 1}`;
      return { name, type, isOptional, text: this.types.write(type, isOptional) };
    });
  }

  private parameterOf(parameter: ts.Symbol): Parameter {
    const declaration = parameter.valueDeclaration as ts.ParameterDeclaration | undefined;
    const isOptional = declaration !== undefined && this.checker.isOptionalParameter(declaration);
    const type = this.checker.getTypeOfSymbol(parameter);
    const name = declaration && !ts.isIdentifier(declaration.name) ? "options" : parameter.name;
    const rest = declaration?.dotDotDotToken ? "..." : "";
    return { name: `${rest}${name}`, type, isOptional, text: this.types.write(type, isOptional) };
  }

  private restTuple(signature: ts.Signature): ts.TypeReference | undefined {
    const [only, ...others] = signature.getParameters();
    if (!only || others.length > 0) return undefined;
    const declaration = only.valueDeclaration;
    const isRest = !declaration || (ts.isParameter(declaration) && declaration.dotDotDotToken !== undefined);
    const type = this.checker.getTypeOfSymbol(only);
    return isRest && this.checker.isTupleType(type) ? (type as ts.TypeReference) : undefined;
  }
}

function optionsName(name: string): string {
  return `${name.charAt(0).toUpperCase()}${name.slice(1)}Options`;
}

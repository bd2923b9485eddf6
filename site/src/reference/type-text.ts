/** Writes types as a reader would: by their public names, and without helpers that only the compiler needs. */

import ts from "typescript";

const flags = ts.TypeFormatFlags.NoTruncation | ts.TypeFormatFlags.UseAliasDefinedOutsideCurrentScope;
const maxDepth = 5;
const bytes = new Set(["Uint8Array", "Buffer"]);

export interface PublicType {
  name: string;
  type: ts.Type;
}

export class TypeText {
  private readonly byProperties = new Map<string, PublicType[]>();
  private readonly unions = new Map<ts.Type, string>();
  private readonly names: Set<string>;
  /** Name that wins over others with the same properties. */
  private preferred = "";

  constructor(
    private readonly checker: ts.TypeChecker,
    publicTypes: readonly PublicType[],
  ) {
    this.names = new Set(publicTypes.map(({ name }) => name));
    for (const one of publicTypes) {
      if (one.type.isUnion()) this.unions.set(one.type, one.name);
      const key = one.type.isUnion() ? "" : propertiesOf(one.type);
      if (key === "") continue;
      this.byProperties.set(key, [...(this.byProperties.get(key) ?? []), one]);
    }
  }

  /** Returns the public type with the same properties. A schema has no name for the type that it infers. */
  find(type: ts.Type, without: string[] = []): PublicType | undefined {
    if (!(type.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection))) return undefined;
    const found = this.byProperties.get(propertiesOf(type, without)) ?? [];
    const candidates = found.length < 2 ? found : found.toSorted((one) => (one.name === this.preferred ? -1 : 1));
    return candidates.find((one) => this.checker.isTypeAssignableTo(type, one.type));
  }

  /** Several plugins have the same options under names of their own. */
  prefer(name: string): void {
    this.preferred = name;
  }

  write(type: ts.Type, isOptional = false): string {
    const text = this.text(isOptional ? this.withoutUndefined(type) : type, 0);
    return text.replaceAll("Message<Input>", "Message").replaceAll("Stage<Message, Message>", "Stage");
  }

  /** Writes what stands behind the name of a type. */
  writeDeclaration(type: ts.Type): string {
    if (type.isUnion()) return this.union(type, 0).replaceAll(" | ", "\n  | ");
    return type.flags & ts.TypeFlags.Object
      ? this.object(type as ts.ObjectType, 0)
      : this.checker.typeToString(type, undefined, flags);
  }

  private text(type: ts.Type, depth: number): string {
    if (depth > maxDepth) return this.checker.typeToString(type, undefined, flags);
    const alias = type.aliasSymbol?.name;
    if (alias !== undefined && this.names.has(alias)) return this.generic(alias, type.aliasTypeArguments ?? [], depth);
    if (type.isUnion()) return this.unions.get(type) ?? this.union(type, depth);
    const named = this.find(type)?.name;
    if (named !== undefined && !(type as ts.TypeReference).typeArguments) return named;
    const sharded = this.find(type, ["shard"])?.name;
    if (sharded !== undefined && type.isIntersection()) return `${sharded} & ShardOption`;
    if (type.isIntersection()) return type.types.map((part) => this.text(part, depth + 1)).join(" & ");
    if (type.flags & ts.TypeFlags.Object) return this.object(type as ts.ObjectType, depth);
    return this.checker.typeToString(type, undefined, flags);
  }

  private object(type: ts.ObjectType, depth: number): string {
    if (this.checker.isArrayType(type)) {
      const [element] = this.checker.getTypeArguments(type as ts.TypeReference);
      const text = element ? this.text(element, depth + 1) : "unknown";
      const readonly = type.symbol.name === "ReadonlyArray" ? "readonly " : "";
      return `${readonly}${/[|&]|=>|^readonly/.test(withoutBrackets(text)) ? `(${text})` : text}[]`;
    }
    if (type.objectFlags & ts.ObjectFlags.Reference && !this.checker.isTupleType(type)) {
      const count = (type as ts.TypeReference).target.typeParameters?.length ?? 0;
      return this.generic(
        type.symbol.name,
        this.checker.getTypeArguments(type as ts.TypeReference).slice(0, count),
        depth,
      );
    }
    const [call, ...others] = type.getCallSignatures();
    if (call && others.length === 0 && type.getProperties().length === 0) {
      const parameters = call.getParameters().map((one) => {
        const declaration = one.valueDeclaration;
        const rest = declaration && ts.isParameter(declaration) && declaration.dotDotDotToken ? "..." : "";
        return `${rest}${one.name}: ${this.text(this.checker.getTypeOfSymbol(one), depth + 1)}`;
      });
      return `(${parameters.join(", ")}) => ${this.text(call.getReturnType(), depth + 1)}`;
    }
    const isAnonymous = (type.objectFlags & (ts.ObjectFlags.Anonymous | ts.ObjectFlags.Mapped)) !== 0;
    const hasIndex = this.checker.getIndexInfosOfType(type).length > 0;
    if (!isAnonymous || call || hasIndex || type.getProperties().length === 0)
      return this.checker.typeToString(type, undefined, flags);
    const fields = type.getProperties().map((one) => {
      const isOptional = (one.flags & ts.SymbolFlags.Optional) !== 0;
      const own = this.checker.getTypeOfSymbol(one);
      return `${one.name}${isOptional ? "?" : ""}: ${this.text(isOptional ? this.withoutUndefined(own) : own, depth + 1)}`;
    });
    return `{ ${fields.join("; ")} }`;
  }

  private union(type: ts.UnionType, depth: number): string {
    const hasObjects = type.types.some((part) => part.flags & (ts.TypeFlags.Object | ts.TypeFlags.Intersection));
    if (!hasObjects) return this.checker.typeToString(type, undefined, flags);
    const parts = type.types.map((part) => {
      const text = this.text(part, depth + 1);
      return text.includes("=>") ? `(${text})` : text;
    });
    const ordered = parts.toSorted((left, right) => Number(isEmpty(left)) - Number(isEmpty(right)));
    return [...new Set(ordered)].join(" | ").replace("false | true", "boolean");
  }

  private generic(name: string, types: readonly ts.Type[], depth: number): string {
    if (types.length === 0 || bytes.has(name)) return name;
    const texts = types.map((one) => this.text(one, depth + 1));
    while (texts.at(-1) === "any") texts.pop(); // defaults of iterables
    return `${name}<${texts.join(", ")}>`;
  }

  private withoutUndefined(type: ts.Type): ts.Type {
    if (!type.isUnion() || type.aliasSymbol !== undefined) return type;
    const hasNull = type.types.some((part) => part.flags & ts.TypeFlags.Null);
    return hasNull ? type : this.checker.getNonNullableType(type);
  }
}

function propertiesOf(type: ts.Type, without: string[] = []): string {
  const names = type.getProperties().map(({ name }) => name);
  return names
    .filter((name) => !without.includes(name))
    .toSorted()
    .join();
}

function isEmpty(text: string): boolean {
  return text === "undefined" || text === "null";
}

function withoutBrackets(text: string): string {
  return text.replace(/<[^<>]*>|\{[^{}]*\}/g, "");
}

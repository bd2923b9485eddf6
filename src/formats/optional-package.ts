/** Loads packages that only some users need, and that they install themselves. */

import { codeOf, describeError, InputError } from "../core/errors.js";

/**
 * Loads an optional package on first use. `load` is its `import()`.
 *
 * @param plugin name of the plugin that needs the package, for the error.
 * @param packageName name of the package with its major version, as `npm install` takes it: `mammoth@1`.
 * @throws {InputError} ERR_PACKAGE_MISSING, with the command that installs the package
 */
export async function loadOptional<T>(plugin: string, packageName: string, load: () => Promise<T>): Promise<T> {
  try {
    return await load();
  } catch (error) {
    const name = packageName.replace(/(?<=.)@.*$/, "");
    // The same code is thrown if a file of an installed package is missing, so the text decides.
    const code = codeOf(error, "");
    const isMissing = /^(?:ERR_)?MODULE_NOT_FOUND$/.test(code) && describeError(error).includes(`'${name}`);
    const fact = isMissing ? "which is not installed" : `which cannot be loaded: ${describeError(error)}`;
    const text = `${plugin} needs the package ${name}, ${fact}; run: npm install ${packageName}`;
    throw new InputError("ERR_PACKAGE_MISSING", text, { cause: error });
  }
}

/** The part of unicode-properties that is used; the package brings no types of its own. */
declare module "unicode-properties" {
  const tables: { getCategory(codePoint: number): string; getScript(codePoint: number): string };
  export default tables;
}

/** Types of html-to-text, which has none of its own: what the reader of HTML uses. */
declare module "html-to-text" {
  interface ConvertOptions {
    wordwrap?: number | false;
    limits?: { maxInputLength?: number | undefined; maxDepth?: number; ellipsis?: string };
    formatters?: Record<
      string,
      (
        element: { children: unknown[] },
        walk: (nodes: unknown[], builder: object) => void,
        builder: { addLiteral(text: string): void },
      ) => void
    >;
    selectors?: { selector: string; format?: string; options?: Record<string, unknown> }[];
  }
  export function convert(html: string, options?: ConvertOptions): string;
}
